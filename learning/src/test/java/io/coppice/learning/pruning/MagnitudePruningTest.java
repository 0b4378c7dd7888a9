package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class MagnitudePruningTest {

  @Test
  void theCountOfferedIsTruncated() {
    float[] hundred = new float[100];
    for (int i = 0; i < 100; i++) {
      hundred[i] = (i % 2 == 0 ? -1 : 1) * (100 - i);
    }
    // In double arithmetic 0.29 x 100 is a little below 29.
    Mask pruned = MagnitudePruning.prune(Mask.full(layout(100)), hundred, 0.29);
    assertThat(pruned.kept()).isEqualTo(72);
    assertThat(pruned.bits(0).nextClearBit(0)).isEqualTo(72);
  }

  @Test
  void tiesWithTheThresholdStay() {
    float[] weights = {1, -2, 2, 2, 3, 0};
    assertThat(MagnitudePruning.prune(Mask.full(layout(6)), weights, 0.5).bits(0))
        .isEqualTo(BitSet.valueOf(new long[] {0b011110}));
  }

  @Test
  void manyZerosStay() {
    assertThat(MagnitudePruning.prune(Mask.full(layout(4)), new float[] {0, 0, 0, 1}, 0.5).kept())
        .isEqualTo(4);
  }

  @Test
  void prunedWeightsAreNotLookedAt() {
    Mask mask = Mask.of(layout(4), List.of(BitSet.valueOf(new long[] {0b1100})));
    assertThat(MagnitudePruning.prune(mask, new float[] {Float.NaN, 9, 2, 1}, 0.5).bits(0))
        .isEqualTo(BitSet.valueOf(new long[] {0b0100}));
  }

  @Test
  void theLargestWeightsOfADensityAreCountedFromTheFullMask() {
    // trunc(8 x (1 - 0.4)) = 4 are offered; the value that a pruned weight still has counts.
    float[] weights = {8, -7, 6, 5, 4, 3, 2, 1};
    Mask mask = MagnitudePruning.toDensity(layout(8), weights, 0.4);
    assertThat(mask.bits(0)).isEqualTo(BitSet.valueOf(new long[] {0b00001111}));
    assertThat(MagnitudePruning.toDensity(layout(8), weights, 1)).isEqualTo(Mask.full(layout(8)));
    assertThatThrownBy(() -> MagnitudePruning.toDensity(layout(8), weights, 0))
        .hasMessageContaining("not 0.0");
  }

  @Property
  void theThresholdIsTheSortedValue(
      @ForAll @Size(min = 1, max = 200) float[] values,
      @ForAll @FloatRange(min = 0, max = 0.99f) float place) {
    int rank = (int) (values.length * place);
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      values[i] = Math.abs(values[i]);
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    Arrays.sort(values);
    assertThat(RadixSelect.select(bits, rank)).isEqualTo(values[rank]);
  }

  @Test
  void fractionsOutOfRangeAndEmptyLayersAreRefused() {
    Mask full = Mask.full(layout(2));
    assertThatThrownBy(() -> MagnitudePruning.prune(full, new float[2], 1))
        .hasMessageContaining("below 1, not 1.0");
    assertThatThrownBy(() -> MagnitudePruning.prune(full, new float[2], -0.1))
        .hasMessageContaining("at least 0");
    assertThatThrownBy(() -> MagnitudePruning.prune(full, new float[3], 0.1))
        .hasMessageContaining("2 parameters, but there are 3");
    Mask empty = Mask.of(layout(2), List.of(new BitSet()));
    assertThatThrownBy(() -> MagnitudePruning.prune(empty, new float[2], 0.1))
        .hasMessage("Layer w has no active weights left, so none can be pruned.");
  }

  private static ParameterLayout layout(int weights) {
    return ParameterLayout.builder().weight("w", List.of(1, weights)).build();
  }
}
