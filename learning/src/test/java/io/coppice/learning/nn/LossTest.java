package io.coppice.learning.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LossTest {

  private static final int SAMPLES = 3;
  private static final int CLASSES = 4;

  @Test
  void binaryCrossEntropyIsTheMeanOverBatchAndClasses() {
    float[] logits = {0.5f, -1, 2, 0.25f};
    double expected = 0;
    for (int i = 0; i < 4; i++) {
      double p = 1 / (1 + Math.exp(-logits[i]));
      boolean isLabel = i == 1 || i == 2; // class 1 of sample 0, class 0 of sample 1
      expected -= Math.log(isLabel ? p : 1 - p) / 4;
    }
    assertThat(Loss.BCE_WITH_LOGITS.sum(logits, new int[] {1, 0}, 2, 2) / 2)
        .isCloseTo(expected, within(1e-12));
  }

  @Test
  void softmaxCrossEntropyIsTheMeanOverTheBatch() {
    float[] logits = {0.5f, -1, 2, 0.25f};
    double first = -Math.log(Math.exp(-1) / (Math.exp(0.5) + Math.exp(-1)));
    double second = -Math.log(Math.exp(2) / (Math.exp(2) + Math.exp(0.25)));
    assertThat(Loss.SOFTMAX_CROSS_ENTROPY.sum(logits, new int[] {1, 0}, 2, 2) / 2)
        .isCloseTo((first + second) / 2, within(1e-12));
  }

  @Test
  void probabilitiesAreOfTheSoftmaxOrOfEveryClassAlone() {
    float[] logits = {9, 9, 0.5f, -1, 200, 9};
    double sum = Math.exp(0.5) + Math.exp(-1);
    assertThat(Loss.SOFTMAX_CROSS_ENTROPY.probability(logits, 2, 2, 0))
        .isCloseTo(Math.exp(0.5) / sum, within(1e-12));
    assertThat(Loss.SOFTMAX_CROSS_ENTROPY.probability(logits, 2, 2, 1))
        .isCloseTo(Math.exp(-1) / sum, within(1e-12));
    assertThat(Loss.SOFTMAX_CROSS_ENTROPY.probability(logits, 4, 2, 0)).isEqualTo(1);
    assertThat(Loss.BCE_WITH_LOGITS.probability(logits, 2, 2, 1))
        .isCloseTo(1 / (1 + Math.E), within(1e-12));
  }

  @ParameterizedTest
  @EnumSource(Loss.class)
  void gradientsAreThoseOfFiniteDifferences(Loss loss) {
    Random random = new Random(2);
    float[] logits = new float[SAMPLES * CLASSES];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) random.nextGaussian();
    }
    int[] labels = {3, 0, 1};
    float[] gradient = new float[logits.length];
    loss.gradient(logits, labels, SAMPLES, CLASSES, gradient);
    for (int i = 0; i < logits.length; i++) {
      float[] above = logits.clone();
      above[i] += 0x1p-7f;
      float[] below = logits.clone();
      below[i] -= 0x1p-7f;
      double difference =
          loss.sum(above, labels, SAMPLES, CLASSES) - loss.sum(below, labels, SAMPLES, CLASSES);
      assertThat((double) gradient[i])
          .isCloseTo(difference / SAMPLES / (above[i] - below[i]), within(5e-6));
    }
  }

  @ParameterizedTest
  @EnumSource(Loss.class)
  void hugeLogitsStayFinite(Loss loss) {
    float[] logits = {1e4f, -1e4f};
    float[] gradient = new float[2];
    loss.gradient(logits, new int[] {1}, 1, 2, gradient);
    assertThat(loss.sum(logits, new int[] {1}, 1, 2)).isFinite().isGreaterThanOrEqualTo(1e4);
    assertThat(gradient[0]).isFinite().isPositive();
    assertThat(gradient[1]).isFinite().isNegative();
  }
}
