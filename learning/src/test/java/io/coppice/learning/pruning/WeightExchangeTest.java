package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.random.SplitMix64;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class WeightExchangeTest {

  private static final ParameterLayout LAYOUT =
      ParameterLayout.builder()
          .weight("a", List.of(1, 3))
          .bias("a", 1)
          .weight("b", List.of(1, 8))
          .build();

  /** Of b the first four are active. */
  private static final Mask MASK = Mask.of(LAYOUT, List.of(bits(0b011), bits(0b00001111)));

  @Test
  void layersComeFromTheOutputBackwardsAndRoundAgain() {
    assertThat(IntStream.range(0, 7).map(decision -> WeightExchange.layer(decision, 3)))
        .containsExactly(2, 1, 0, 2, 1, 0, 2);
  }

  @Test
  void theCountIsTruncatedAndBoundedByWhatIsPruned() {
    assertThat(WeightExchange.count(MASK, 1, 0.3)).isEqualTo(1); // 1.2
    assertThat(WeightExchange.count(MASK, 1, 0.24)).isZero();
    assertThat(WeightExchange.count(Mask.full(LAYOUT), 1, 0.5)).isZero();
    assertThatThrownBy(() -> WeightExchange.count(MASK, 1, 1)).hasMessageContaining("below 1");
  }

  @Test
  void theLargestGradientsGrowAndTheSmallestWeightsGo() {
    // b: active 3, -1, 2, -4; gradients of the pruned ones 0, -7, 5, 1. Two go (2 and -1), two
    // grow.
    float[] parameters = {9, 9, 9, 9, 3, -1, 2, -4, 99, 0, 0, 0};
    float[] gradient = {8, 8, 8, 8, 70, 70, 70, 70, 0, -7, 5, 1};
    Mask after = WeightExchange.exchange(MASK, parameters, gradient, 1, 2);
    assertThat(after.bits(1)).isEqualTo(bits(0b01101001));
    assertThat(after.bits(0)).isEqualTo(MASK.bits(0));
  }

  @Test
  void tiesGoToTheLowerIndex() {
    Mask after = WeightExchange.exchange(MASK, new float[12], new float[12], 1, 1);
    assertThat(after.bits(1)).isEqualTo(bits(0b00010111));
  }

  @Test
  void nothingToExchangeChangesNothing() {
    assertThat(WeightExchange.exchange(MASK, new float[12], new float[12], 0, 0)).isEqualTo(MASK);
  }

  @Test
  void gradientsThatAreNanAreRefused() {
    float[] gradient = new float[12];
    gradient[11] = Float.NaN;
    assertThatThrownBy(() -> WeightExchange.exchange(MASK, new float[12], gradient, 1, 1))
        .hasMessage("The gradient of weight 7 of layer b is NaN, so it cannot be compared.");
  }

  @Property(tries = 300)
  void everyLayerKeepsItsNumberAndNoneIsDroppedThatIsLargerThanOneThatStays(
      @ForAll long seed,
      @ForAll @DoubleRange(min = 0.05, max = 1) double density,
      @ForAll @DoubleRange(min = 0, max = 0.9) double fraction) {
    ParameterLayout layout = ParameterLayout.builder().weight("w", List.of(10, 20)).build();
    SplitMix64 random = new SplitMix64(seed);
    Mask mask = RandomMask.of(layout, density, random.nextLong());
    float[] parameters = new float[200];
    float[] gradient = new float[200];
    for (int i = 0; i < 200; i++) {
      parameters[i] = random.nextInt(50) - 25;
      gradient[i] = random.nextInt(50) - 25;
    }
    int count = WeightExchange.count(mask, 0, fraction);
    Mask after = WeightExchange.exchange(mask, parameters, gradient, 0, count);
    assertThat(after.kept()).isEqualTo(mask.kept());
    assertThat(after.grownSince(mask)).containsExactly(count);
    for (int i = 0; i < 200; i++) {
      for (int j = 0; j < 200; j++) {
        if (mask.isActive(0, i) && mask.isActive(0, j)) {
          boolean goesBeforeSmaller = !after.isActive(0, i) && after.isActive(0, j);
          assertThat(goesBeforeSmaller && Math.abs(parameters[i]) > Math.abs(parameters[j]))
              .isFalse();
        }
      }
    }
  }

  private static BitSet bits(long bits) {
    return BitSet.valueOf(new long[] {bits});
  }
}
