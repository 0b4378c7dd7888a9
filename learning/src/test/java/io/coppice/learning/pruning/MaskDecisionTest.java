package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.random.SplitMix64;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalDouble;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MaskDecisionTest {

  private static final CostModel UNIT = new CostModel("unit", 1, 0.5, new double[] {0.5});

  /** Values from a handful of numbers, so that ties of all kinds are frequent. */
  @Property(tries = 5000, shrinking = ShrinkingMode.OFF)
  void equalsThePlainGreedyAmongTies(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int n) {
    assertEqualsPlainGreedy(new SplitMix64(seed), n, 24, true);
  }

  @Property(tries = 3000, shrinking = ShrinkingMode.OFF)
  void equalsThePlainGreedy(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int n) {
    assertEqualsPlainGreedy(new SplitMix64(seed), n, 60, false);
  }

  @Property(tries = 100, shrinking = ShrinkingMode.OFF)
  void equalsThePlainGreedyInLargerLayers(@ForAll long seed) {
    assertEqualsPlainGreedy(new SplitMix64(seed), 3, 5000, false);
  }

  private static void assertEqualsPlainGreedy(
      SplitMix64 random, int layers, int maxSize, boolean ties) {
    ParameterLayout.Builder builder = ParameterLayout.builder();
    double[] computation = new double[layers];
    for (int l = 0; l < layers; l++) {
      builder.weight("w" + l, List.of(1, 1 + random.nextInt(maxSize)));
      if (random.nextBoolean()) {
        builder.bias("w" + l, 1 + random.nextInt(3));
      }
      if (random.nextInt(4) == 0) {
        int channels = 1 + random.nextInt(3);
        builder.unprunableWeight("bn" + l, List.of(channels));
        if (random.nextBoolean()) {
          builder.bias("bn" + l, channels).runningStatistics("bn" + l, channels);
        }
      }
      computation[l] = ties ? 0.25 * random.nextInt(4) : random.nextDouble();
    }
    ParameterLayout layout = builder.build();
    float[] parameters = new float[layout.size()];
    float[] importance = new float[layout.size()];
    double zeros = random.nextInt(3) * 0.4;
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = ties ? 0.5f * (random.nextInt(9) - 4) : (float) random.nextGaussian();
      importance[i] = ties ? random.nextInt(5) : (float) StrictMath.exp(3 * random.nextGaussian());
      if (random.nextDouble() < zeros) {
        importance[i] = 0;
      }
    }
    List<BitSet> active = new ArrayList<>();
    for (int l = 0; l < layers; l++) {
      double density = random.nextInt(5) / 4.0;
      BitSet bits = new BitSet();
      for (int i = 0; i < layout.prunable().get(l).size(); i++) {
        bits.set(i, random.nextDouble() < density);
      }
      active.add(bits);
    }
    CostModel cost =
        new CostModel(
            "random", (ties ? 1 : 0.1) + random.nextInt(20), 0.25 + random.nextInt(2), computation);
    double decrease = random.nextInt(4) == 0 ? 0 : 0.9 * random.nextDouble();
    OptionalDouble maxDensity =
        random.nextBoolean() ? OptionalDouble.empty() : OptionalDouble.of(random.nextDouble());
    Mask mask = Mask.of(layout, active);

    assertThat(MaskDecision.decide(mask, parameters, importance, cost, decrease, maxDensity))
        .usingRecursiveComparison()
        .withComparatorForFields((Double a, Double b) -> compareAsSums(a, b), "objectiveAfter")
        .isEqualTo(PlainGreedy.decide(mask, parameters, importance, cost, decrease, maxDensity));
  }

  /** Both add the same numbers up, in different orders. */
  private static int compareAsSums(double a, double b) {
    return Math.abs(a - b) <= 1e-12 * Math.abs(a) ? 0 : Double.compare(a, b);
  }

  @Test
  void onlyAStrictlyHigherRateIsTaken() {
    // One weight kept with importance 2 and 2 s a round: a ratio of 1, which the candidate just
    // equals.
    assertThat(decide(bits(0), new float[] {2, 1}).mask().kept()).isEqualTo(1);
    assertThat(decide(bits(0), new float[] {2, 1.001f}).mask().kept()).isEqualTo(2);
  }

  @Test
  void minusZeroIsNoImportance() {
    assertThat(decide(bits(0), new float[] {2, -0f}).mask().kept()).isEqualTo(1);
  }

  @Test
  void theLimitIsExceededByOneWeight() {
    float[] importance = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    CostModel slow = new CostModel("slow", 1e6, 0.5, new double[] {0.5});
    MaskDecision.Result result =
        MaskDecision.decide(
            Mask.of(layout(10), List.of(bits(0))),
            new float[10],
            importance,
            slow,
            0,
            OptionalDouble.of(0.39));
    assertThat(result.mask().bits(0)).isEqualTo(bits(0, 7, 8, 9));
    assertThat(result.stopReason()).isEqualTo(MaskDecision.StopReason.MAX_DENSITY);
    assertThat(result.regrown()).containsExactly(3);
  }

  /** Two weights of importance 2 and 1, one of them kept: the other needs a ratio below 1 to be taken. */
  @Test
  void batchNormalisationGainsButItsRunningStatisticsDoNot() {
    ParameterLayout layout =
        ParameterLayout.builder()
            .weight("w", List.of(1, 2))
            .unprunableWeight("bn", List.of(1))
            .bias("bn", 1)
            .runningStatistics("bn", 1)
            .build();
    Mask mask = Mask.of(layout, List.of(bits(0)));
    CostModel slow = new CostModel("slow", 4, 0.5, new double[] {0.5});
    float[] large = {2, 1, 1, 1.5f, 100, 100};
    MaskDecision.Result result =
        MaskDecision.decide(mask, new float[6], large, slow, 0, OptionalDouble.empty());
    assertThat(result.numeratorStart()).isEqualTo(2 + 1 + 1.5);
    assertThat(result.denominatorStart()).isEqualTo(5);
    assertThat(result.mask().kept()).isEqualTo(2);
    float[] more = {2, 1, 2, 1.5f, 0, 0};
    assertThat(
            MaskDecision.decide(mask, new float[6], more, slow, 0, OptionalDouble.empty())
                .mask()
                .kept())
        .isEqualTo(1);
  }

  @Test
  void anEmptyLayerMayGrowAgain() {
    MaskDecision.Result result = decide(new BitSet(), new float[] {0, 3, 0.5f});
    assertThat(result.mask().bits(0)).isEqualTo(bits(1));
    assertThat(result.objectiveBefore()).isZero();
    assertThat(result.objectiveAfter()).isEqualTo(1.5);
  }

  @Test
  void whatCannotBeIsRefusedInOneSentence() {
    Mask mask = Mask.full(layout(2));
    float[] two = {1, 1};
    assertRefused(
        () -> MaskDecision.decide(mask, two, two, UNIT, 1, OptionalDouble.empty()),
        "at least 0 and below 1, not 1.0");
    assertRefused(
        () -> MaskDecision.decide(mask, two, two, UNIT, Double.NaN, OptionalDouble.empty()),
        "not NaN");
    assertRefused(
        () -> MaskDecision.decide(mask, two, new float[3], UNIT, 0, OptionalDouble.empty()),
        "2 parameters, but there are 3 importance values");
    assertRefused(
        () -> MaskDecision.decide(mask, two, new float[] {0, -1}, UNIT, 0, OptionalDouble.empty()),
        "value 1 of layer w is -1.0");
    assertRefused(
        () ->
            MaskDecision.decide(
                mask, two, new float[] {Float.NaN, 0}, UNIT, 0, OptionalDouble.empty()),
        "value 0 of layer w is NaN");
    assertRefused(
        () ->
            MaskDecision.decide(
                mask, new float[] {Float.NaN, 0}, two, UNIT, 0.5, OptionalDouble.empty()),
        "Weight 0 of layer w is NaN");
    assertRefused(
        () -> MaskDecision.decide(mask, two, two, UNIT, 0, OptionalDouble.of(1.5)),
        "at most 1, not 1.5");
    assertRefused(
        () ->
            MaskDecision.decide(
                mask,
                two,
                two,
                new CostModel("free", 1, 0, new double[] {0}),
                0,
                OptionalDouble.empty()),
        "must take more than 0");
    assertRefused(
        () ->
            MaskDecision.decide(
                mask,
                two,
                two,
                new CostModel("wide", 1, 1, new double[] {0, 0}),
                0,
                OptionalDouble.empty()),
        "made for 2 prunable layers, but the model has 1");
    assertRefused(
        () ->
            MaskDecision.decide(
                Mask.of(layout(2), List.of(new BitSet())),
                two,
                two,
                new CostModel("quick", 0, 1, new double[] {0}),
                0,
                OptionalDouble.empty()),
        "fixed seconds must be above 0");
  }

  private static void assertRefused(Runnable decision, String message) {
    assertThatThrownBy(decision::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private static MaskDecision.Result decide(BitSet active, float[] importance) {
    return MaskDecision.decide(
        Mask.of(layout(importance.length), List.of(active)),
        new float[importance.length],
        importance,
        UNIT,
        0,
        OptionalDouble.empty());
  }

  private static ParameterLayout layout(int weights) {
    return ParameterLayout.builder().weight("w", List.of(1, weights)).build();
  }

  private static BitSet bits(int... set) {
    BitSet bits = new BitSet();
    for (int i : set) {
      bits.set(i);
    }
    return bits;
  }
}
