package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.random.SplitMix64;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class IterativePruningTest {

  @Test
  void publishedRunsArePrunedAsTheAuthorsHaveIt() {
    // FEMNIST and CIFAR-10: 10,001 rounds; CelebA: 3,001; ImageNet-100: 20,001.
    assertThat(IterativePruning.rounds(10_001)).isEqualTo(new DecisionRounds(250, 250, 5_000));
    assertThat(IterativePruning.rounds(3_001).every()).isEqualTo(75);
    assertThat(IterativePruning.rounds(20_001).every()).isEqualTo(500);
    assertThat(IterativePruning.rounds(10_001).count()).isEqualTo(20);
  }

  @Test
  void fortyRoundsAreEnoughAndFewerAreRefused() {
    assertThat(IterativePruning.rounds(40)).isEqualTo(new DecisionRounds(1, 1, 20));
    assertThatThrownBy(() -> IterativePruning.rounds(39))
        .hasMessage(
            "Iterative pruning prunes 20 times in the first half of a run, so the run needs at least 40 rounds, not 39.");
  }

  @Test
  void theRateCompoundsToTheDensity() {
    // 0.5 twice leaves a quarter; 1 - 0.1^(1/20) = 0.1087490619
    assertThat(IterativePruning.rate(0.25, 2)).isEqualTo(0.5);
    assertThat(IterativePruning.rate(0.1, 20)).isCloseTo(0.1087490619, within(1e-10));
    assertThat(IterativePruning.rate(1, 20)).isZero();
    assertThatThrownBy(() -> IterativePruning.rate(0, 20)).hasMessageContaining("not 0.0");
    assertThatThrownBy(() -> IterativePruning.rate(1.5, 20)).hasMessageContaining("not 1.5");
  }

  @Property(tries = 200)
  void masksShrinkToWithinAFewWeightsOfTheDensity(
      @ForAll @IntRange(min = 1, max = 2_000) int weights,
      @ForAll @DoubleRange(min = 0.01, max = 0.99) double density,
      @ForAll long seed) {
    ParameterLayout layout = ParameterLayout.builder().weight("w", List.of(1, weights)).build();
    SplitMix64 random = new SplitMix64(seed);
    float[] parameters = new float[weights];
    for (int i = 0; i < weights; i++) {
      parameters[i] = i + 1;
    }
    double rate = IterativePruning.rate(density, IterativePruning.PRUNINGS);
    Mask mask = Mask.full(layout);
    for (int pruning = 0; pruning < IterativePruning.PRUNINGS; pruning++) {
      int[] shuffled = random.permutation(weights);
      for (int i = 0; i < weights; i++) {
        parameters[i] = 1 + shuffled[i];
      }
      Mask after = MagnitudePruning.prune(mask, parameters, rate);
      assertThat(after.grownSince(mask)).containsExactly(0);
      mask = after;
    }
    assertThat((double) mask.kept())
        .isGreaterThan(density * weights - 1e-6)
        .isLessThan(density * weights + (1 - density) / rate + 1e-6);
  }
}
