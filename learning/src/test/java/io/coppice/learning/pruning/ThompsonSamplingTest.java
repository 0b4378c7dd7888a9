package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.random.SplitMix64;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class ThompsonSamplingTest {

  private static final ParameterLayout LAYOUT =
      ParameterLayout.builder()
          .weight("a", List.of(1, 4))
          .bias("a", 1)
          .weight("b", List.of(1, 2))
          .build();

  /** Of a the first two are active, of b both. */
  private static final Mask MASK = Mask.of(LAYOUT, List.of(bits(0b0011), bits(0b11)));

  @Test
  void agentsVoteForTheirLargestWeightsAndTheLargestGradientsOfPrunedOnes() {
    // a: trunc(0.5 x 2) = 1, so the larger of 1 and -3, and the larger gradient of 5 and -6.
    // b: the larger of 2 and 1; nothing is pruned.
    float[] votes =
        Votes.of(
            MASK,
            new float[] {1, -3, 99, 98, 7, 2, 1},
            new float[] {90, 90, 5, -6, 90, 90, 90},
            0.5);
    assertThat(votes).containsExactly(0, 1, 0, 1, 0, 1, 0);
  }

  @Test
  void votesThatTieGoToTheLowerIndex() {
    assertThat(Votes.of(MASK, new float[7], new float[7], 0.5))
        .containsExactly(1, 0, 1, 0, 0, 1, 0);
  }

  @Test
  void withoutExchangeAgentsVoteForTheMask() {
    assertThat(Votes.of(MASK, new float[7], new float[7], 0.49))
        .containsExactly(1, 1, 0, 0, 0, 1, 1);
  }

  @Test
  void theFractionFallsAlongHalfACosine() {
    assertThat(ThompsonSampling.adjustedFraction(0, 300)).isEqualTo(0.2);
    assertThat(ThompsonSampling.adjustedFraction(100, 300)).isCloseTo(0.15, within(1e-15));
    assertThat(ThompsonSampling.adjustedFraction(300, 300)).isZero();
  }

  @Test
  void outcomesMixTheModelWithTheVotes() {
    ThompsonSampling sampling = new ThompsonSampling(LAYOUT);
    assertThat(sampling.mean(0, 2)).isEqualTo(0.5);
    float[] votes = {0.6f, 0.4f, 0, 1, 0, 3, -1};
    sampling.adjust(MASK, new float[] {5, 1, 0, 0, 0, 1, 2}, votes, 0.5, 1);
    // a0: in the core, 0.5 + 0.5 x 0.6 = 0.8: Beta(1 + 8, 1 + 2)
    assertThat(sampling.mean(0, 0)).isCloseTo(9.0 / 12, within(1e-6));
    // a1: not in it, 0.5 x 0.4 = 0.2: Beta(3, 9)
    assertThat(sampling.mean(0, 1)).isCloseTo(3.0 / 12, within(1e-6));
    // Pruned: 0.25 without votes, 0.75 with all: Beta(3.5, 8.5), Beta(8.5, 3.5)
    assertThat(sampling.mean(0, 2)).isCloseTo(3.5 / 12, within(1e-6));
    assertThat(sampling.mean(0, 3)).isCloseTo(8.5 / 12, within(1e-6));
    // b: votes beyond 0 and 1 count as those: 0.5 x 0 + 0.5 x 1 and 0.5 x 1 + 0
    assertThat(sampling.mean(1, 0)).isEqualTo(0.5);
    assertThat(sampling.mean(1, 1)).isEqualTo(0.5);
    // A second round adds to it: Beta(9 + 8, 3 + 2)
    sampling.adjust(MASK, new float[] {5, 1, 0, 0, 0, 1, 2}, votes, 0.5, 2);
    assertThat(sampling.mean(0, 0)).isCloseTo(17.0 / 22, within(1e-6));
  }

  @Test
  void whatEverybodyVotesForBecomesActive() {
    ParameterLayout layout = ParameterLayout.builder().weight("w", List.of(1, 100)).build();
    BitSet first = new BitSet();
    first.set(0, 50);
    Mask mask = Mask.of(layout, List.of(first));
    float[] parameters = new float[100];
    float[] votes = new float[100];
    Arrays.fill(parameters, 10, 50, 1f);
    Arrays.fill(votes, 10, 60, 1f);
    ThompsonSampling sampling = new ThompsonSampling(layout);
    // Weights 0 to 9 are always the smallest, without votes; 50 to 59 are pruned with all votes.
    for (int round = 0; round < 100; round++) {
      mask = sampling.adjust(mask, parameters, votes, 0.2, round);
    }
    assertThat(mask.bits(0).get(0, 10).cardinality()).isLessThan(3);
    assertThat(mask.bits(0).get(10, 60).cardinality()).isGreaterThan(45);
  }

  @Property(tries = 100)
  void everyLayerKeepsItsNumberAndTheSameSeedGivesTheSameMask(
      @ForAll long seed, @ForAll @DoubleRange(min = 0.05, max = 1) double density) {
    ParameterLayout layout =
        ParameterLayout.builder()
            .weight("a", List.of(10, 20))
            .bias("a", 10)
            .weight("b", List.of(4, 10))
            .build();
    SplitMix64 random = new SplitMix64(seed);
    Mask mask = RandomMask.of(layout, density, seed);
    float[] parameters = new float[layout.size()];
    float[] gradient = new float[layout.size()];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = (float) random.nextGaussian();
      gradient[i] = (float) random.nextGaussian();
    }
    float[] votes = Votes.of(mask, parameters, gradient, 0.2);
    Mask one = new ThompsonSampling(layout).adjust(mask, parameters, votes, 0.2, seed);
    Mask again = new ThompsonSampling(layout).adjust(mask, parameters, votes, 0.2, seed);
    assertThat(one.keptPerLayer()).isEqualTo(mask.keptPerLayer());
    assertThat(again).isEqualTo(one);
  }

  @Test
  void anotherSeedDrawsAnotherMask() {
    ParameterLayout layout = ParameterLayout.builder().weight("w", List.of(10, 20)).build();
    Mask mask = RandomMask.of(layout, 0.5, 1);
    float[] none = new float[200];
    assertThat(new ThompsonSampling(layout).adjust(mask, none, none, 0.2, 1))
        .isNotEqualTo(new ThompsonSampling(layout).adjust(mask, none, none, 0.2, 2));
  }

  @Test
  void brokenInputIsRefusedBeforeAnythingIsLearnt() {
    ThompsonSampling sampling = new ThompsonSampling(LAYOUT);
    float[] votes = new float[7];
    votes[6] = Float.NaN;
    assertThatThrownBy(() -> sampling.adjust(MASK, new float[7], votes, 0.2, 0))
        .hasMessage("The votes for weight 1 of layer b are NaN.");
    assertThat(sampling.mean(0, 0)).isEqualTo(0.5);
    assertThatThrownBy(() -> sampling.adjust(MASK, new float[7], new float[7], 1, 0))
        .hasMessageContaining("below 1");
    assertThatThrownBy(() -> Votes.of(MASK, new float[7], new float[6], 0.2))
        .hasMessageContaining("6 gradients");
  }

  private static BitSet bits(long bits) {
    return BitSet.valueOf(new long[] {bits});
  }
}
