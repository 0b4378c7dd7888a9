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
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LayerBudgetsTest {

  /** Raw densities (sum of dimensions / weights): a 4/4 = 1, b 20/100 = 0.2, c 40/400 = 0.1. */
  private static final ParameterLayout LAYOUT =
      ParameterLayout.builder()
          .weight("a", List.of(2, 2))
          .weight("b", List.of(10, 10))
          .bias("b", 10)
          .weight("c", List.of(20, 20))
          .build();

  @Test
  void uniformBudgetsAreTruncatedAndAtLeastOne() {
    assertThat(LayerBudgets.uniform(LAYOUT, 0.199)).containsExactly(1, 19, 79);
    assertThat(LayerBudgets.uniform(LAYOUT, 1)).containsExactly(4, 100, 400);
  }

  @Test
  void smallLayersAreDenserByTheirDimensions() {
    // 504 x 0.125 = 63; the raw sums are 4 + 20 + 40 = 64: scale 63/64. a 3.94, b 19.69, c 39.4
    assertThat(LayerBudgets.erdosRenyiKernel(LAYOUT, 0.125)).containsExactly(3, 19, 39);
  }

  @Test
  void layersThatWouldOverflowAreFullAndTheOthersShareTheRest() {
    // 504 x 0.5 = 252: scale 252/64 fills a; (252 - 4)/60 = 4.1333: b 0.8267, c 0.4133
    assertThat(LayerBudgets.erdosRenyiKernel(LAYOUT, 0.5)).containsExactly(4, 82, 165);
    // 504 x 0.75 = 378: a; (378 - 4)/60 = 6.23 fills b; (378 - 104)/40 = 6.85: c 0.685
    assertThat(LayerBudgets.erdosRenyiKernel(LAYOUT, 0.75)).containsExactly(4, 100, 274);
    assertThat(LayerBudgets.erdosRenyiKernel(LAYOUT, 1)).containsExactly(4, 100, 400);
  }

  @Test
  void exactlyTheLargestAreChosenAndTiesGoToTheLowerIndex() {
    ParameterLayout layout = ParameterLayout.builder().weight("w", List.of(1, 5)).build();
    Mask mask = LayerBudgets.largest(layout, new float[] {1, -2, 2, 3, 2}, new int[] {3});
    assertThat(mask.bits(0)).isEqualTo(BitSet.valueOf(new long[] {0b01110}));
    assertThat(LayerBudgets.largest(layout, new float[5], new int[] {2}).bits(0))
        .isEqualTo(BitSet.valueOf(new long[] {0b00011}));
  }

  @Property
  void budgetsTogetherStayWithinTheDensityButForLayersOfOneWeight(
      @ForAll @IntRange(min = 1, max = 60) int inputs,
      @ForAll @IntRange(min = 1, max = 60) int hidden,
      @ForAll @IntRange(min = 1, max = 20) int classes,
      @ForAll @DoubleRange(min = 0.01, max = 1) double density) {
    ParameterLayout layout =
        ParameterLayout.builder()
            .weight("a", List.of(hidden, inputs))
            .weight("b", List.of(classes, hidden))
            .build();
    for (int[] budgets :
        List.of(
            LayerBudgets.uniform(layout, density),
            LayerBudgets.erdosRenyiKernel(layout, density))) {
      assertThat(budgets[0]).isBetween(1, inputs * hidden);
      assertThat(budgets[1]).isBetween(1, classes * hidden);
      assertThat((double) budgets[0] + budgets[1])
          .isLessThan(density * layout.prunableSize() + 2)
          .isGreaterThan(density * layout.prunableSize() - 2 - 1e-6);
    }
  }

  @Test
  void densitiesOutOfRangeAreRefused() {
    assertThatThrownBy(() -> LayerBudgets.uniform(LAYOUT, 0))
        .hasMessage("A density is above 0 and at most 1, not 0.0.");
    assertThatThrownBy(() -> LayerBudgets.erdosRenyiKernel(LAYOUT, 1.5))
        .hasMessageContaining("not 1.5");
  }
}
