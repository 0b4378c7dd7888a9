package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SnipTest {

  /** Two layers of four weights, the first with a bias, which has no sensitivity. */
  private static final ParameterLayout LAYOUT =
      ParameterLayout.builder()
          .weight("a", List.of(2, 2))
          .bias("a", 2)
          .weight("b", List.of(1, 4))
          .build();

  // Sensitivities at a learning rate of 0.5: a 2, 4, 0, 12; b 6, 8, 10, 1.
  private static final float[] BEFORE = {1, -1, 0, 2, 50, 50, 1, 2, -1, 0.25f};
  private static final float[] DELTA = {1, 2, 9, 3, 50, 50, -3, 2, 5, 2};

  @Test
  void theThresholdIsOverAllLayersAndWhatReachesItStays() {
    // trunc(0.4 x 8) = 3; sorted 12, 10, 8, 6: the threshold is 6, and four stay.
    Mask mask = Snip.decide(LAYOUT, BEFORE, DELTA, 0.5, 0.4);
    assertThat(mask.bits(0)).isEqualTo(bits(0b1000));
    assertThat(mask.bits(1)).isEqualTo(bits(0b0111));
  }

  @Test
  void aLayerMayLoseAllItsWeights() {
    // trunc(0.2 x 8) = 1; the threshold is 10.
    float[] weak = DELTA.clone();
    weak[3] = 0;
    Mask mask = Snip.decide(LAYOUT, BEFORE, weak, 0.5, 0.2);
    assertThat(mask.kept(0)).isZero();
    assertThat(mask.bits(1)).isEqualTo(bits(0b0110));
  }

  @Test
  void weightsThatTieWithTheThresholdStay() {
    float[] ones = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    assertThat(Snip.decide(LAYOUT, ones, ones, 0.5, 0.1).kept()).isEqualTo(8);
  }

  @Test
  void nothingIsPrunedWhereTooFewHaveAGradient() {
    float[] one = new float[10];
    one[0] = 1;
    assertThat(Snip.decide(LAYOUT, BEFORE, one, 0.5, 0.5).kept()).isEqualTo(8);
  }

  @Property
  void oneMoreThanTheTruncatedShareStaysWhereNothingTies(
      @ForAll @Size(min = 2, max = 100) float[] values,
      @ForAll @DoubleRange(min = 0.01, max = 0.99) double density) {
    for (int i = 0; i < values.length; i++) {
      values[i] = i + 1;
    }
    float[] ones = new float[values.length];
    java.util.Arrays.fill(ones, 1);
    ParameterLayout layout =
        ParameterLayout.builder().weight("w", List.of(1, values.length)).build();
    assertThat(Snip.decide(layout, values, ones, 0.1, density).kept())
        .isEqualTo((int) (density * values.length) + 1);
  }

  @Property
  void atLeastThatManyStayWhateverTies(
      @ForAll @Size(min = 1, max = 100) List<@FloatRange(min = -2, max = 2) Float> values,
      @ForAll @DoubleRange(min = 0.01, max = 0.99) double density) {
    float[] weights = new float[values.size()];
    float[] ones = new float[values.size()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = Math.round(values.get(i));
      ones[i] = 1;
    }
    ParameterLayout layout =
        ParameterLayout.builder().weight("w", List.of(1, weights.length)).build();
    assertThat(Snip.decide(layout, weights, ones, 0.1, density).kept())
        .isGreaterThan((int) (density * weights.length));
  }

  @Test
  void densitiesOutOfRangeAndNanAreRefused() {
    assertThatThrownBy(() -> Snip.decide(LAYOUT, BEFORE, DELTA, 0.5, 0))
        .hasMessage("SNIP leaves a density above 0 and below 1, not 0.0.");
    assertThatThrownBy(() -> Snip.decide(LAYOUT, BEFORE, DELTA, 0.5, 1))
        .hasMessageContaining("not 1.0");
    float[] broken = DELTA.clone();
    broken[7] = Float.NaN;
    assertThatThrownBy(() -> Snip.decide(LAYOUT, BEFORE, broken, 0.5, 0.5))
        .hasMessageContaining("weight 1 of layer b is NaN");
    assertThatThrownBy(() -> Snip.decide(LAYOUT, new float[9], DELTA, 0.5, 0.5))
        .hasMessageContaining("10 parameters, but there are 9");
  }

  private static BitSet bits(long bits) {
    return BitSet.valueOf(new long[] {bits});
  }
}
