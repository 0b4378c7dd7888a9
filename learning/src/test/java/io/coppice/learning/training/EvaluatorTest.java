package io.coppice.learning.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.LayerStack;
import io.coppice.learning.nn.Loss;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EvaluatorTest {

  private final Architecture lenet =
      Architecture.of("lenet5", 1, Stripes.SIDE, Stripes.SIDE, Stripes.CLASSES);
  private final float[] model = InitialParameters.of(lenet, 4);
  private final Mask mask = Mask.full(lenet.layout());

  @Test
  void everyImageCountsOnceHoweverTheBatchesFall() {
    Dataset data = Stripes.images(237, 3);
    try (Evaluator evaluator = new Evaluator(lenet, Loss.SOFTMAX_CROSS_ENTROPY)) {
      Evaluation whole = evaluator.evaluate(model, mask, data);
      double correct = 0;
      double loss = 0;
      for (int i = 0; i < data.size(); i++) {
        Evaluation one = evaluator.evaluate(model, mask, data.subset(new int[] {i}));
        assertThat(one.samples()).isEqualTo(1);
        correct += one.accuracy();
        loss += one.meanLoss();
      }
      assertThat(whole.samples()).isEqualTo(237);
      assertThat(whole.accuracy()).isCloseTo(correct / 237, within(1e-12));
      assertThat(whole.meanLoss()).isCloseTo(loss / 237, within(1e-6));
    }
  }

  @Test
  void accuracyComparesWithTheLabels() {
    Dataset data = Stripes.images(150, 3);
    // Of parameters that are all zero but one, the bias of class 1.
    float[] biased = new float[model.length];
    biased[model.length - 2] = 1;
    long ones = IntStream.range(0, 150).filter(i -> data.label(i) == 1).count();
    try (Evaluator evaluator = new Evaluator(lenet, Loss.SOFTMAX_CROSS_ENTROPY)) {
      Evaluation evaluation = evaluator.evaluate(biased, mask, data);
      assertThat(evaluation.accuracy()).isEqualTo(ones / 150.0);
      double rest = Math.log(2 + Math.E);
      assertThat(evaluation.meanLoss())
          .isCloseTo((ones * (rest - 1) + (150 - ones) * rest) / 150, within(1e-7));
    }
  }

  @Test
  void aBatchIsBoundedByWhatTheNetworkHoldsForIt() {
    assertThat(Evaluator.batchSize(lenet.stack())).isEqualTo(100);

    LayerStack deep = Architecture.of("resnet18", 3, 168, 168, 100).stack();
    int batch = Evaluator.batchSize(deep);
    assertThat(batch).isBetween(1, 99);
    assertThat(batch == 1 || batch % 4 == 0).isTrue();
    assertThat(4 * deep.activations() * batch).isLessThanOrEqualTo(64 << 20);

    LayerStack larger = Architecture.of("resnet18", 3, 1500, 1500, 100).stack();
    assertThat(4 * larger.activations()).isGreaterThan(64 << 20);
    assertThat(Evaluator.batchSize(larger)).isEqualTo(1);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    try (Evaluator evaluator = new Evaluator(lenet, Loss.SOFTMAX_CROSS_ENTROPY)) {
      assertThatThrownBy(
              () -> evaluator.evaluate(model, mask, Stripes.images(3, 3).subset(new int[0])))
          .hasMessage("There are no images to evaluate the model with.");
      assertThatThrownBy(() -> evaluator.evaluate(new float[7], mask, Stripes.images(3, 3)))
          .hasMessageEndingWith("parameters, not 7.");
    }
  }
}
