package io.coppice.learning.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.MaskDecision;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InitialPrunerTest {

  private static final InitialPruner.Config CONFIG =
      new InitialPruner.Config(40, 60, 5, 10, 0.5, 0.1, 5, 0.3, 20, 0.1);
  private static final CostModel COST =
      new CostModel("test", 0.05, 1e-6, new double[] {0, 1e-5, 1e-6, 1e-6, 1e-6});

  private final Architecture lenet =
      Architecture.of("lenet5", 1, Stripes.SIDE, Stripes.SIDE, Stripes.CLASSES);
  private final float[] initial = InitialParameters.of(lenet, 4);
  private final Dataset data = Stripes.images(100, 1);

  private record Report(int round, double accuracy, int decisions, double density) {}

  @Test
  void decisionsFollowTheScheduleOnceTheAccuracyIsReached() throws Exception {
    List<Report> reports = new ArrayList<>();
    InitialPruner.Result result = prune(CONFIG, reports);

    int reached =
        reports.stream().filter(r -> r.accuracy() >= 0.5).findFirst().orElseThrow().round();
    assertThat(reached).as("first evaluation above the threshold").isGreaterThan(1);
    assertThat(reached % 5).isEqualTo(1);
    int before = 0;
    for (Report report : reports) {
      boolean decides = report.round() >= reached && (report.round() - reached) % 10 == 0;
      assertThat(report.decisions() - before).isEqualTo(decides ? 1 : 0);
      before = report.decisions();
    }
    assertThat(reports).hasSize(result.localRounds());
    assertThat(result.decisions()).isEqualTo(before).isGreaterThan(1);
  }

  @Test
  void theModelGetsSparserAndStillFits() throws Exception {
    List<Report> reports = new ArrayList<>();
    InitialPruner.Result result = prune(CONFIG, reports);
    assertThat(reports.stream().map(Report::density))
        .isSortedAccordingTo((a, b) -> Double.compare(b, a));
    assertThat(result.mask().density()).isLessThan(0.9);
    assertThat(result.trainAccuracy()).isGreaterThan(0.9);
  }

  @Test
  void aPrunedWeightNeverReturnsAndKeepsItsValue() throws Exception {
    InitialPruner.Config once = withMaxRounds(firstDecision());
    InitialPruner.Result early = prune(once, new ArrayList<>());
    InitialPruner.Result late = prune(CONFIG, new ArrayList<>());
    assertThat(early.decisions()).isEqualTo(1);
    assertThat(late.mask().grownSince(early.mask())).containsOnly(0);
    float[] earlyFactors = early.mask().factors();
    int stale = 0;
    for (int i = 0; i < earlyFactors.length; i++) {
      if (earlyFactors[i] == 0) {
        assertThat(late.parameters()[i]).isEqualTo(early.parameters()[i]).isNotZero();
        stale++;
      }
    }
    assertThat(stale).isGreaterThan(500);
  }

  @Test
  void importanceIsTheSumOfEveryStepsSquaredGradient() throws Exception {
    // A decision in every round, two rounds: the second is made from the gradients of its own
    // round, under the first mask.
    InitialPruner.Config everyRound =
        new InitialPruner.Config(100, 2, 1, 1, 0, 0.1, 5, 0.3, 100, 0.1);
    InitialPruner.Result result = prune(everyRound, new ArrayList<>());

    Mask mask = Mask.full(lenet.layout());
    float[] parameters = initial.clone();
    for (int round = 0; round < 2; round++) {
      float[] factors = mask.factors();
      ReferenceTrainer.Outcome step =
          ReferenceTrainer.train(
              lenet,
              Loss.SOFTMAX_CROSS_ENTROPY,
              data,
              IntStream.range(0, 100).toArray(),
              1,
              parameters,
              factors,
              0.1);
      float[] importance = new float[parameters.length];
      for (int i = 0; i < importance.length; i++) {
        double g = step.gradientSum()[i] * factors[i];
        importance[i] = (float) (g * g);
        parameters[i] = factors[i] == 0 ? parameters[i] : (float) step.parameters()[i];
      }
      mask =
          MaskDecision.decide(mask, parameters, importance, COST, 0.3, OptionalDouble.empty())
              .mask();
    }
    assertThat(differences(result.mask(), mask))
        .as("weights on which rounding decides")
        .isLessThan(5);
    assertThat(result.mask().kept()).isLessThan(lenet.layout().prunableSize());
    for (int i = 0; i < parameters.length; i++) {
      assertThat(result.parameters()[i]).isCloseTo(parameters[i], within(1e-6f));
    }
  }

  @Test
  void theStageEndsAfterEnoughStableDecisions() throws Exception {
    // Nothing is offered for removal, so every decision but the first is stable.
    InitialPruner.Config nothing = new InitialPruner.Config(40, 60, 1, 2, 0, 0, 3, 0, 20, 0.1);
    InitialPruner.Result result = prune(nothing, new ArrayList<>());
    assertThat(result.stable()).isTrue();
    assertThat(result.decisions()).isEqualTo(4);
    assertThat(result.localRounds()).isEqualTo(7);
  }

  @Test
  void withoutTheAccuracyNothingIsPruned() throws Exception {
    InitialPruner.Config hard = new InitialPruner.Config(40, 3, 1, 1, 1, 0.1, 5, 0.3, 20, 1e-6);
    InitialPruner.Result result = prune(hard, new ArrayList<>());
    assertThat(result.decisions()).isZero();
    assertThat(result.stable()).isFalse();
    assertThat(result.mask()).isEqualTo(Mask.full(lenet.layout()));
  }

  @Test
  void interruptionEndsTheStage() {
    try (InitialPruner pruner =
        new InitialPruner(lenet, Loss.SOFTMAX_CROSS_ENTROPY, CONFIG, KernelPolicy.usual())) {
      List<Integer> rounds = new ArrayList<>();
      assertThatThrownBy(
              () ->
                  pruner.prune(
                      data,
                      initial,
                      COST,
                      1,
                      (round, accuracy, decisions, density) -> {
                        rounds.add(round);
                        Thread.currentThread().interrupt();
                      }))
          .isInstanceOf(InterruptedException.class);
      assertThat(rounds).containsExactly(1);
    }
  }

  @Test
  void badConfigurationsAndTooFewDataAreRefused() {
    assertThatThrownBy(() -> new InitialPruner.Config(10, 1, 1, 1, 0, 0, 1, 0, 20, 0.1))
        .hasMessageContaining("10 samples and batches of 20");
    assertThatThrownBy(() -> new InitialPruner.Config(20, 1, 1, 1, 0, 0, 1, 1, 20, 0.1))
        .hasMessageContaining("below 1, not 1.0");
    try (InitialPruner pruner =
        new InitialPruner(lenet, Loss.SOFTMAX_CROSS_ENTROPY, CONFIG, KernelPolicy.usual())) {
      assertThatThrownBy(
              () -> pruner.prune(Stripes.images(19, 1), initial, COST, 1, (r, a, d, y) -> {}))
          .hasMessageContaining("at least one batch of 20 samples, but the data set has 19");
    }
  }

  @Test
  void divergenceIsReported() {
    InitialPruner.Config wild = new InitialPruner.Config(40, 60, 5, 10, 1, 0.1, 5, 0.3, 20, 1e20);
    assertThatThrownBy(() -> prune(wild, new ArrayList<>()))
        .hasMessageContaining("diverged in local round");
  }

  private InitialPruner.Result prune(InitialPruner.Config config, List<Report> reports)
      throws InterruptedException {
    try (InitialPruner pruner =
        new InitialPruner(lenet, Loss.SOFTMAX_CROSS_ENTROPY, config, KernelPolicy.usual())) {
      return pruner.prune(
          data,
          initial,
          COST,
          5,
          (round, accuracy, decisions, density) ->
              reports.add(new Report(round, accuracy, decisions, density)));
    }
  }

  private int firstDecision() throws InterruptedException {
    List<Report> reports = new ArrayList<>();
    prune(CONFIG, reports);
    return reports.stream().filter(r -> r.decisions() == 1).findFirst().orElseThrow().round();
  }

  private static InitialPruner.Config withMaxRounds(int rounds) {
    return new InitialPruner.Config(40, rounds, 5, 10, 0.5, 0.1, 5, 0.3, 20, 0.1);
  }

  private static int differences(Mask a, Mask b) {
    return IntStream.of(a.grownSince(b)).sum() + IntStream.of(b.grownSince(a)).sum();
  }
}
