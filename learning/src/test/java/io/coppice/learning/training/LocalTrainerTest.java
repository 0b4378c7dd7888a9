package io.coppice.learning.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.training.RoundGradients.Form;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LocalTrainerTest {

  private static final int BATCH = 4;
  private static final int STEPS = 3;
  private static final double RATE = 0.1;

  private final Architecture lenet =
      Architecture.of("lenet5", 1, Stripes.SIDE, Stripes.SIDE, Stripes.CLASSES);
  private final Dataset data = Stripes.images(40, 1);
  private final float[] model = InitialParameters.of(lenet, 4);
  private final Mask mask = randomMask(0.4, 9);
  private final int[] indices = IntStream.range(0, STEPS * BATCH).map(i -> i * 7 % 40).toArray();

  @ParameterizedTest
  @EnumSource(Loss.class)
  void aRoundIsWhatTheDescriptionSays(Loss loss) {
    float[] importance = new float[model.length];
    float[] gradient = new float[model.length];
    Arrays.fill(importance, 2f);
    Arrays.fill(gradient, -1f);
    LocalUpdate update;
    try (LocalTrainer trainer = new LocalTrainer(lenet, loss, BATCH)) {
      update = train(trainer, model, new RoundGradients(Form.IMPORTANCE, importance));
      train(trainer, model, new RoundGradients(Form.MEAN_GRADIENT, gradient));
    }

    float[] factors = mask.factors();
    ReferenceTrainer.Outcome expected =
        ReferenceTrainer.train(lenet, loss, data, indices, STEPS, model, factors, RATE);
    float[] end = model.clone();
    mask.scatterAdd(update.activeDelta(), end);
    int pruned = 0;
    for (int i = 0; i < model.length; i++) {
      double g = expected.gradientSum()[i];
      assertThat((double) importance[i])
          .as("importance %d", i)
          .isCloseTo(2 + g * g * STEPS * BATCH, within(1e-5 * (1 + g * g * STEPS * BATCH)));
      double mean = g / STEPS;
      assertThat((double) gradient[i])
          .as("gradient %d", i)
          .isCloseTo(-1 + mean * STEPS * BATCH, within(1e-6 * (1 + Math.abs(g) * BATCH)));
      if (factors[i] == 0) {
        assertThat(end[i]).isEqualTo(model[i]);
        pruned += importance[i] > 2 ? 1 : 0;
      } else {
        assertThat((double) end[i]).isCloseTo(expected.parameters()[i], within(1e-6));
      }
    }
    assertThat(pruned).as("pruned weights that a gradient was measured for").isGreaterThan(1000);
    assertThat(update.samples()).isEqualTo(STEPS * BATCH);
  }

  @Test
  void prunedWeightsAreNotUsedAndTheModelIsNotChanged() {
    float[] other = model.clone();
    float[] factors = mask.factors();
    for (int i = 0; i < other.length; i++) {
      other[i] += factors[i] == 0 ? 100 : 0;
    }
    float[] kept = other.clone();
    try (LocalTrainer trainer = new LocalTrainer(lenet, Loss.BCE_WITH_LOGITS, BATCH)) {
      float[] first = train(trainer, model, null).activeDelta();
      float[] second = train(trainer, other, null).activeDelta();
      assertThat(second).isEqualTo(first);
    }
    assertThat(other).isEqualTo(kept);
  }

  @Test
  void askingForGradientsDoesNotChangeTheUpdate() {
    try (LocalTrainer trainer = new LocalTrainer(lenet, Loss.SOFTMAX_CROSS_ENTROPY, BATCH)) {
      LocalUpdate without = train(trainer, model, null);
      LocalUpdate with = train(trainer, model, importance(new float[model.length]));
      // Where all gradients are computed they serve for the step, too: sums in another order.
      assertThat(with.activeDelta()).containsExactly(without.activeDelta(), within(1e-6f));
      assertThat(with.meanLoss()).isCloseTo(without.meanLoss(), within(1e-6));
    }
  }

  @Test
  void theSameInputGivesTheSameBitsWhileOtherThreadsTrain() throws Exception {
    List<Callable<float[]>> agents = new ArrayList<>();
    for (int agent = 0; agent < 6; agent++) {
      agents.add(
          () -> {
            try (LocalTrainer trainer = new LocalTrainer(lenet, Loss.BCE_WITH_LOGITS, BATCH)) {
              float[] current = model.clone();
              float[] importance = new float[model.length];
              for (int round = 0; round < 20; round++) {
                mask.scatterAdd(
                    train(trainer, current, importance(importance)).activeDelta(), current);
              }
              for (int i = 0; i < current.length; i++) {
                current[i] += importance[i];
              }
              return current;
            }
          });
    }
    float[] alone = agents.getFirst().call();
    try (ExecutorService threads = Executors.newFixedThreadPool(agents.size())) {
      for (Future<float[]> result : threads.invokeAll(agents)) {
        assertThat(result.get()).isEqualTo(alone);
      }
    }
  }

  @Test
  void theLossIsThatOfTheModelBeforeEachStep() {
    try (LocalTrainer trainer = new LocalTrainer(lenet, Loss.SOFTMAX_CROSS_ENTROPY, BATCH);
        Evaluator evaluator = new Evaluator(lenet, Loss.SOFTMAX_CROSS_ENTROPY)) {
      int[] first = Arrays.copyOf(indices, BATCH);
      LocalUpdate update = trainer.train(data, first, 1, model, mask, RATE, null);
      assertThat(update.meanLoss())
          .isCloseTo(evaluator.evaluate(model, mask, data.subset(first)).meanLoss(), within(1e-6));
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    try (LocalTrainer trainer = new LocalTrainer(lenet, Loss.BCE_WITH_LOGITS, BATCH)) {
      assertThatThrownBy(() -> trainer.train(data, new int[5], 1, model, mask, RATE, null))
          .hasMessage("1 steps of 4 samples do not fit 5 sample indices.");
      assertThatThrownBy(() -> trainer.train(data, indices, STEPS, new float[3], mask, RATE, null))
          .hasMessageContaining("not 3 and none");
      int[] tooMany = new int[16_385 * BATCH];
      RoundGradients wanted = importance(new float[model.length]);
      assertThatThrownBy(() -> trainer.train(data, tooMany, 16_385, model, mask, RATE, wanted))
          .hasMessage(
              "The gradients of a round are summed over at most 65536 samples, not 16385 steps of 4.");
      RoundGradients few = importance(new float[7]);
      assertThatThrownBy(() -> train(trainer, model, few)).hasMessageEndingWith(" and 7.");
      Dataset large =
          Dataset.ofBytes(new Dataset.Shape(1, 13, 12, 3), new byte[13 * 12], new int[1]);
      assertThatThrownBy(() -> trainer.train(large, indices, STEPS, model, mask, RATE, null))
          .hasMessageContaining("images of 1 x 13 x 12");
      Dataset many =
          Dataset.ofBytes(new Dataset.Shape(1, 12, 12, 4), new byte[12 * 12], new int[1]);
      assertThatThrownBy(() -> trainer.train(many, indices, STEPS, model, mask, RATE, null))
          .hasMessage("The network tells 3 classes apart, but the data set has 4.");
      Mask foreign = Mask.full(Architecture.of("mlp", 1, 12, 12, 3).layout());
      assertThatThrownBy(() -> trainer.train(data, indices, STEPS, model, foreign, RATE, null))
          .hasMessageContaining("mask belongs to another model");
    }
  }

  private LocalUpdate train(LocalTrainer trainer, float[] from, RoundGradients gradients) {
    return trainer.train(data, indices, STEPS, from, mask, RATE, gradients);
  }

  private static RoundGradients importance(float[] values) {
    return new RoundGradients(Form.IMPORTANCE, values);
  }

  private Mask randomMask(double density, long seed) {
    Random random = new Random(seed);
    List<BitSet> layers = new ArrayList<>();
    for (ParameterTensor weight : lenet.layout().prunable()) {
      BitSet bits = new BitSet(weight.size());
      for (int i = 0; i < weight.size(); i++) {
        bits.set(i, random.nextDouble() < density);
      }
      layers.add(bits);
    }
    return Mask.of(lenet.layout(), layers);
  }
}
