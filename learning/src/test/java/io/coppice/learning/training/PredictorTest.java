package io.coppice.learning.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.engine.Network;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.Loss;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PredictorTest {

  private static final int IMAGES = 23;
  private static final int BATCH = 8;

  private final Architecture lenet =
      Architecture.of("lenet5", 1, Stripes.SIDE, Stripes.SIDE, Stripes.CLASSES);
  private final float[] model = InitialParameters.of(lenet, 4);
  private final Mask third = random(1.0 / 3);
  private final Dataset data = Stripes.images(IMAGES, 3);

  private Mask random(double density) {
    Random random = new Random(5);
    List<BitSet> layers =
        lenet.layout().prunable().stream()
            .map(
                weight -> {
                  BitSet bits = new BitSet();
                  for (int i = 0; i < weight.size(); i++) {
                    bits.set(i, random.nextDouble() < density);
                  }
                  return bits;
                })
            .toList();
    return Mask.of(lenet.layout(), layers);
  }

  private Predictor predictor(Loss loss, int batch, KernelPolicy policy) {
    return new Predictor(lenet, loss, model, third, batch, policy);
  }

  @Test
  void denseAndSparseTellTheSameInBatchesAndOneByOne() {
    try (Predictor dense = predictor(Loss.SOFTMAX_CROSS_ENTROPY, BATCH, KernelPolicy.dense());
        Predictor sparse = predictor(Loss.SOFTMAX_CROSS_ENTROPY, 1, KernelPolicy.sparse())) {
      assertThat(dense.choices()).noneMatch(Network.LayerChoice::sparse);
      assertThat(sparse.choices()).allMatch(Network.LayerChoice::sparse);
      for (int from = 0; from < IMAGES; from += BATCH) {
        int count = Math.min(BATCH, IMAGES - from);
        dense.read(data, from, count);
        dense.compute();
        for (int i = 0; i < count; i++) {
          sparse.read(data, from + i, 1);
          sparse.compute();
          for (int c = 0; c < Stripes.CLASSES; c++) {
            assertThat(sparse.logit(0, c)).isCloseTo(dense.logit(i, c), within(1e-5f));
          }
        }
      }
    }
  }

  @Test
  void thePredictedClassIsTheOneOfTheHighestLogitAndItsProbabilityThatOfTheLoss() {
    for (Loss loss : Loss.values()) {
      try (Predictor predictor = predictor(loss, IMAGES, KernelPolicy.usual())) {
        predictor.read(data, 0, IMAGES);
        predictor.compute();
        for (int i = 0; i < IMAGES; i++) {
          int predicted = predictor.predicted(i);
          double sum = 0;
          for (int c = 0; c < Stripes.CLASSES; c++) {
            assertThat(predictor.logit(i, c)).isLessThanOrEqualTo(predictor.logit(i, predicted));
            sum += predictor.probability(i, c);
          }
          if (loss == Loss.SOFTMAX_CROSS_ENTROPY) {
            assertThat(sum).isCloseTo(1, within(1e-9));
          } else {
            assertThat(predictor.probability(i, predicted))
                .isCloseTo(1 / (1 + Math.exp(-predictor.logit(i, predicted))), within(1e-9));
          }
        }
      }
    }
  }

  @Test
  void ofEqualLogitsTheFirstCounts() {
    float[] nothing = new float[model.length];
    try (Predictor predictor =
        new Predictor(lenet, Loss.SOFTMAX_CROSS_ENTROPY, nothing, third, 1, KernelPolicy.usual())) {
      predictor.read(data, 0, 1);
      predictor.compute();
      assertThat(predictor.predicted(0)).isZero();
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Dataset larger =
        Dataset.ofBytes(new Dataset.Shape(1, 13, 12, 3), new byte[13 * 12], new int[1]);
    try (Predictor predictor = predictor(Loss.SOFTMAX_CROSS_ENTROPY, BATCH, KernelPolicy.usual())) {
      assertThatThrownBy(() -> predictor.read(larger, 0, 1))
          .hasMessage(
              "The network takes images of 1 x 12 x 12 (channels, rows, columns), but the data set"
                  + " has images of 1 x 13 x 12.");
      predictor.read(data, 0, 2);
      predictor.compute();
      assertThatThrownBy(() -> predictor.predicted(2))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThatThrownBy(
            () ->
                new Predictor(
                    lenet,
                    Loss.SOFTMAX_CROSS_ENTROPY,
                    new float[7],
                    third,
                    1,
                    KernelPolicy.usual()))
        .hasMessageEndingWith("parameters, not 7.");
  }
}
