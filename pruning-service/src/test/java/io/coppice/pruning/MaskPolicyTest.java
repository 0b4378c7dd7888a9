package io.coppice.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.pruning.DecisionRounds;
import io.coppice.learning.pruning.ThompsonSampling;
import io.coppice.learning.random.SplitMix64;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.TrainingRun;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class MaskPolicyTest {

  private static final RoundOutcome.Probe LEARNT = new RoundOutcome.Probe(2, 1, 1);

  @Test
  void allPoliciesAreRegistered() {
    assertThat(MaskPolicy.all())
        .extracting(MaskPolicy::name)
        .containsExactly(
            "fedrts",
            "fedtiny",
            "iterative",
            "none",
            "online",
            "prunefl",
            "random-reinit",
            "random-sparse", // the example of docs/policies.md
            "reinit",
            "snip");
    assertThatThrownBy(() -> MaskPolicy.named("magic"))
        .hasMessageStartingWith("Unknown pruning policy 'magic': known are fedrts, ");
  }

  @Test
  void schedulesAreThoseOfTheAuthors() {
    assertThat(schedule("iterative", 0.1))
        .isEqualTo(new DecisionSchedule(25, 25, 500, DecisionUpload.NOTHING));
    assertThat(schedule("snip", 0.1))
        .isEqualTo(new DecisionSchedule(0, 1, 0, DecisionUpload.NOTHING));
    assertThat(schedule("online", null))
        .isEqualTo(new DecisionSchedule(10, 1, 999, DecisionUpload.NOTHING));
    assertThat(schedule("fedtiny", 0.1))
        .isEqualTo(new DecisionSchedule(50, 50, 333, DecisionUpload.GRADIENT));
    assertThat(schedule("fedrts", 0.1))
        .isEqualTo(new DecisionSchedule(50, 50, 600, DecisionUpload.VOTES));
    assertThat(schedule("reinit", null)).isEqualTo(MaskPolicy.never());
  }

  @Test
  void iterativePruningCompoundsToTheDensityOverThePruningsOfItsSchedule() {
    // A quarter in two prunings is half each: 8, 4, 2.
    TrainingRun run = PolicyRun.definition("iterative", 0.25).build();
    run.getPruning().setDecisions(new DecisionSchedule(3, 2, 5, DecisionUpload.NOTHING));
    RunDefinition definition = PolicyRun.of(run, PolicyRun.layout(8));
    float[] parameters = {8, -7, 6, -5, 4, -3, 2, -1};
    Decider decider = MaskPolicy.named("iterative").begin(definition);
    assertThat(decider.remembers()).isFalse();
    Decision first =
        decider.decide(
            PolicyRun.round(definition, 3, Mask.full(definition.layout()), parameters, null, null));
    assertThat(first.mask().bits(0)).isEqualTo(bits(0b00001111));
    assertThat(first.decrease()).isEqualTo(0.5);
    assertThat(first.figures()).isEqualTo(Map.of("pruning", 1.0));
    parameters[0] = 0;
    Decision second =
        decider.decide(PolicyRun.round(definition, 5, first.mask(), parameters, null, null));
    assertThat(second.mask().bits(0)).isEqualTo(bits(0b00000110));
    assertThat(second.figures()).isEqualTo(Map.of("pruning", 2.0));
    assertThat(second.probeDensity()).isEmpty();
  }

  @Test
  void snipScoresTheModelBeforeTheRoundByWhatTheRoundAdds() {
    // Scores |before x delta / 0.5|: 2, 4, 0, 12. trunc(0.4 x 4) = 1, so the threshold is 4, and
    // two stay.
    RunDefinition run = PolicyRun.scheduled(PolicyRun.definition("snip", 0.4), PolicyRun.layout(4));
    RoundOutcome plain =
        PolicyRun.round(run, 0, Mask.full(run.layout()), new float[] {9, 9, 9, 9}, null, null);
    RoundOutcome round =
        new RoundOutcome(
            run,
            plain.cost(),
            0,
            plain.mask(),
            100,
            new float[] {1, -1, 0, 2},
            new float[] {1, 2, 9, 3},
            plain.parameters(),
            null,
            Optional.empty());
    Decision decision = MaskPolicy.named("snip").begin(run).decide(round);
    assertThat(decision.mask().bits(0)).isEqualTo(bits(0b1010));
  }

  @Test
  void onlineAsksForLossesFirstAndKeepsTheMask() {
    RunDefinition run = online();
    Decision decision =
        MaskPolicy.named("online").begin(run).decide(onlineRound(run, 10, full(run), null));
    assertThat(decision.mask()).isEqualTo(full(run));
    assertThat(decision.stopReason()).isEqualTo("no_probe");
    assertThat(decision.figures()).isEqualTo(Map.of("k", 1000.0, "kAux", 900.0));
    assertThat(decision.probeDensity()).hasValue(0.9);
  }

  @Test
  void onlinePrunesToTheLargestWeightsOnceFewerAreCheaper() {
    RunDefinition run = online();
    Decider decider = MaskPolicy.named("online").begin(run);
    assertThat(decider.remembers()).isTrue();
    decider.decide(onlineRound(run, 10, full(run), null));
    Decision decision = decider.decide(onlineRound(run, 11, full(run), LEARNT));
    // 1 - 0.9 is a little below 0.1, so of 1000 weights 99 are offered, and 901 x 0.005 s = 4.505 s
    // are the weights' time.
    // t = 12: step 998 / sqrt(24) = 203.716; k = 796.28; kAux is 101.86 below that.
    assertThat(decision.stopReason()).isEqualTo("fewer");
    assertThat(decision.figures().get("cost")).isCloseTo(1 + 4.505, within(1e-9));
    assertThat(decision.figures().get("costAux")).isCloseTo(1 + 0.9 * 4.505, within(1e-9));
    assertThat(decision.figures().get("eta")).isCloseTo(203.716, within(1e-3));
    assertThat(decision.figures())
        .containsEntry("lossPrevious", 2.0)
        .containsEntry("loss", 1.0)
        .containsEntry("lossAux", 1.0);
    double k = decision.figures().get("k");
    double auxiliary = decision.figures().get("kAux");
    assertThat(k).isIn(796.0, 797.0);
    assertThat(auxiliary).isIn(k - 102, k - 101);
    assertThat(decision.probeDensity()).hasValue(auxiliary / 1000);
    int kept = decision.mask().kept();
    assertThat(kept).isBetween((int) k, (int) k + 1);
    assertThat(decision.mask().bits(0).nextSetBit(0)).isEqualTo(1000 - kept);
  }

  @Test
  void onlineFiguresThatAreNoNumbersAreLeftOut() {
    RunDefinition run = online();
    Decision decision =
        MaskPolicy.named("online")
            .begin(run)
            .decide(onlineRound(run, 10, full(run), new RoundOutcome.Probe(2, Double.NaN, 1)));
    assertThat(decision.stopReason()).isEqualTo("waited");
    assertThat(decision.figures()).doesNotContainKey("loss").containsKey("lossPrevious");
  }

  @Test
  void onlineIsAFunctionOfTheRounds() {
    RunDefinition run = online();
    assertThat(onlineMasks(run)).isEqualTo(onlineMasks(run)).doesNotHaveDuplicates();
  }

  private static List<Mask> onlineMasks(RunDefinition run) {
    Decider decider = MaskPolicy.named("online").begin(run);
    List<Mask> masks = new ArrayList<>();
    for (int round = 10; round < 16; round++) {
      masks.add(decider.decide(onlineRound(run, round, full(run), LEARNT)).mask());
    }
    return masks.subList(0, 4);
  }

  private static RunDefinition online() {
    return PolicyRun.scheduled(PolicyRun.definition("online", null), PolicyRun.layout(1000));
  }

  private static RoundOutcome onlineRound(
      RunDefinition run, int round, Mask mask, RoundOutcome.Probe probe) {
    float[] parameters = new float[1000];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = i;
    }
    return PolicyRun.round(run, round, mask, parameters, null, probe);
  }

  @Test
  void fedTinyStartsFromTheLargestWeightsOfEveryLayer() {
    RunDefinition run =
        PolicyRun.scheduled(PolicyRun.definition("fedtiny", 0.5), PolicyRun.layout(4, 9));
    float[] parameters = {1, -2, 3, 0, 9, 8, 7, -6, 5, 4, 3, 2, 1};
    Mask mask = MaskPolicy.named("fedtiny").initialMask(run, parameters);
    assertThat(mask.bits(0)).isEqualTo(bits(0b0110));
    assertThat(mask.bits(1)).isEqualTo(bits(0b000001111));
  }

  @Test
  void fedTinyExchangesLayerByLayerFromTheOutputBackwards() {
    TrainingRun draft = PolicyRun.definition("fedtiny", 0.5).build();
    draft.getPruning().setDecisions(new DecisionSchedule(2, 2, 10, DecisionUpload.GRADIENT));
    RunDefinition run = PolicyRun.of(draft, PolicyRun.layout(10, 8));
    Mask mask = Mask.of(run.layout(), List.of(bits(0b11111), bits(0b1111)));
    float[] parameters = {5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 3, -1, 2, -4, 0, 0, 0, 0};
    float[] gradient = {0, 0, 0, 0, 0, 1, 2, 3, 4, -5, 9, 9, 9, 9, 0, -7, 5, 1};
    Decider decider = MaskPolicy.named("fedtiny").begin(run);
    // Round 2 of 10: 0.15 (1 + cos 36°) = 0.27135; of 4 weights of the last layer 1.09 go: the
    // second for the sixth.
    Decision last = decider.decide(PolicyRun.round(run, 2, mask, parameters, gradient, null));
    assertThat(last.decrease()).isCloseTo(0.27135, within(1e-5));
    assertThat(last.figures()).isEqualTo(Map.of("layer", 1.0, "exchanged", 1.0));
    assertThat(last.mask().bits(1)).isEqualTo(bits(0b00101101));
    assertThat(last.mask().bits(0)).isEqualTo(mask.bits(0));
    // Round 4: 0.15 (1 + cos 72°) = 0.19635; of 5 weights of the first layer 0.98 go, none.
    Decision none = decider.decide(PolicyRun.round(run, 4, mask, parameters, gradient, null));
    assertThat(none.figures()).isEqualTo(Map.of("layer", 0.0, "exchanged", 0.0));
    assertThat(none.mask()).isEqualTo(mask);
    // The last decision is none.
    Decision end = decider.decide(PolicyRun.round(run, 10, mask, parameters, gradient, null));
    assertThat(end.figures()).containsEntry("exchanged", 0.0).containsEntry("layer", 1.0);
    assertThat(decider.remembers()).isFalse();
  }

  @Test
  void fedRtsStartsFromSmallLayersThatAreDenser() {
    // Raw densities 5/4 and 101/100: 104 x 0.5 = 52; 52/106 of each: 0.613 of 4, 0.4955 of 100.
    RunDefinition run =
        PolicyRun.scheduled(PolicyRun.definition("fedrts", 0.5), PolicyRun.layout(4, 100));
    Mask mask = MaskPolicy.named("fedrts").initialMask(run, new float[104]);
    assertThat(mask.keptPerLayer()).containsExactly(2, 49);
  }

  @Test
  void fedRtsLearnsFromTheMeanOfTheVotesAndRemembers() {
    RunDefinition run =
        PolicyRun.scheduled(PolicyRun.definition("fedrts", 0.5), PolicyRun.layout(200));
    ParameterLayout layout = run.layout();
    SplitMix64 random = new SplitMix64(1);
    float[] parameters = new float[200];
    float[] sum = new float[200];
    float[] mean = new float[200];
    for (int i = 0; i < 200; i++) {
      parameters[i] = random.nextInt(1000);
      sum[i] = random.nextInt(101); // of 100 samples
      mean[i] = sum[i] / 100;
    }
    Decider decider = MaskPolicy.named("fedrts").begin(run);
    assertThat(decider.remembers()).isTrue();
    ThompsonSampling expected = new ThompsonSampling(layout);
    Mask mask = RandomMask.of(layout, 0.5, 1);
    for (int round : new int[] {50, 100, 150}) {
      Decision decision = decider.decide(PolicyRun.round(run, round, mask, parameters, sum, null));
      double fraction = ThompsonSampling.adjustedFraction(round, 600);
      Mask after =
          expected.adjust(
              mask,
              parameters,
              mean,
              fraction,
              SplitMix64.seed(7, SplitMix64.seed("fedrts"), round));
      assertThat(decision.mask()).isEqualTo(after);
      assertThat(decision.mask().kept()).isEqualTo(100);
      assertThat(decision.decrease()).isEqualTo(fraction);
      assertThat(decision.figures())
          .isEqualTo(Map.of("exchanged", (double) after.grownSince(mask)[0]));
      mask = after;
    }
  }

  @Test
  void fixedMasksAreNeverDecided() {
    StartMask start = new StartMask("ticket", 3, ByteBuffer.allocate(32));
    for (String name : List.of("reinit", "random-reinit")) {
      RunDefinition run =
          PolicyRun.scheduled(
              PolicyRun.definition(name, null).setStart(start).setInitialSeed(8L),
              PolicyRun.layout(4));
      assertThat(run.decisions()).isEqualTo(new DecisionRounds(0, 1, -1));
      assertThatThrownBy(
              () ->
                  MaskPolicy.named(name)
                      .begin(run)
                      .decide(PolicyRun.round(run, 0, full(run), new float[4], null, null)))
          .hasMessage("Policy " + name + " decides nothing.");
    }
  }

  @Test
  void policiesTakeOverWhatTheyNeedOfAFinishedRun() {
    assertThat(MaskPolicy.all())
        .filteredOn(policy -> policy.inherits() == Inheritance.DENSITY)
        .extracting(MaskPolicy::name)
        .containsExactly("fedrts", "fedtiny", "iterative", "random-sparse", "snip");
    assertThat(MaskPolicy.named("reinit").inherits()).isEqualTo(Inheritance.MASK);
    assertThat(MaskPolicy.named("random-reinit").inherits())
        .isEqualTo(Inheritance.MASK_NEW_WEIGHTS);
  }

  @Test
  void theBoundMovesInAStraightLine() {
    PruningPolicy policy = PolicyRun.definition("prunefl", null).build().getPruning();
    assertThat(PruneFl.bound(policy, 0, 1000)).isEmpty();
    policy.setMaxDensity(0.5);
    assertThat(PruneFl.bound(policy, 700, 1000)).isEqualTo(OptionalDouble.of(0.5));
    // 0.5 + (0.1 - 0.5) / 1000 x round
    policy.setTargetDensity(0.1);
    assertThat(PruneFl.bound(policy, 0, 1000)).hasValue(0.5);
    assertThat(PruneFl.bound(policy, 250, 1000).getAsDouble()).isCloseTo(0.4, within(1e-12));
    assertThat(PruneFl.bound(policy, 999, 1000).getAsDouble()).isCloseTo(0.1004, within(1e-12));
  }

  private static DecisionSchedule schedule(String policy, Double density) {
    return MaskPolicy.named(policy).schedule(PolicyRun.definition(policy, density).build());
  }

  private static Mask full(RunDefinition run) {
    return Mask.full(run.layout());
  }

  private static BitSet bits(long bits) {
    return BitSet.valueOf(new long[] {bits});
  }
}
