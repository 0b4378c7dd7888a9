package io.coppice.learning.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.data.BatchSequence;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.Loss;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training on the handwritten digits that come with Coppice. */
class DigitsTest {

  private static final Path DIGITS = Path.of("..", "data", "mnist");
  private static final int BATCH = 20;
  private static final int STEPS = 5;

  @ParameterizedTest
  @CsvSource({"SOFTMAX_CROSS_ENTROPY, 0.25", "BCE_WITH_LOGITS, 1"})
  void aPrunedNetworkLearnsToReadDigits(Loss loss, double learningRate) {
    Dataset train = Datasets.open(DIGITS, Split.TRAIN);
    Dataset test = Datasets.open(DIGITS, Split.TEST);
    Architecture lenet = Architecture.of("lenet5", 1, 28, 28, 10);
    float[] model = InitialParameters.of(lenet, 1);
    Mask mask = largeWeights(lenet, model);
    assertThat(mask.density()).isBetween(0.25, 0.35);
    BatchSequence batches = new BatchSequence(train.size(), 1, "agent");
    try (LocalTrainer trainer = new LocalTrainer(lenet, loss, BATCH);
        Evaluator evaluator = new Evaluator(lenet, loss)) {
      Evaluation before = evaluator.evaluate(model, mask, test);
      for (int round = 0; round < 160; round++) {
        int[] indices = batches.indices(round, STEPS, BATCH);
        LocalUpdate update = trainer.train(train, indices, STEPS, model, mask, learningRate, null);
        mask.scatterAdd(update.activeDelta(), model);
      }
      Evaluation after = evaluator.evaluate(model, mask, test);
      assertThat(before.accuracy()).isLessThan(0.3);
      assertThat(after.accuracy()).isGreaterThan(0.9);
      assertThat(after.meanLoss()).isLessThan(before.meanLoss() / 3);
    }
  }

  /** Of every layer the weights above 0.7 of the largest, about 3 in 10 of the uniformly distributed ones. */
  private static Mask largeWeights(Architecture architecture, float[] parameters) {
    List<BitSet> layers = new ArrayList<>();
    for (ParameterTensor weight : architecture.layout().prunable()) {
      float largest = 0;
      for (int i = weight.offset(); i < weight.end(); i++) {
        largest = Math.max(largest, Math.abs(parameters[i]));
      }
      BitSet bits = new BitSet(weight.size());
      for (int i = 0; i < weight.size(); i++) {
        bits.set(i, Math.abs(parameters[weight.offset() + i]) > 0.7f * largest);
      }
      layers.add(bits);
    }
    return Mask.of(architecture.layout(), layers);
  }
}
