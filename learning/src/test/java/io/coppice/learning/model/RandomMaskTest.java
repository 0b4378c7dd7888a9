package io.coppice.learning.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RandomMaskTest {

  private static final ParameterLayout LAYOUT =
      ParameterLayout.builder()
          .weight("conv", List.of(4, 3, 5, 5))
          .bias("conv", 4)
          .weight("fc", List.of(100, 77))
          .bias("fc", 100)
          .build();

  @ParameterizedTest
  @CsvSource({"1, 300, 7700", "0.5, 150, 3850", "0.01, 3, 77", "0.1234, 37, 950", "1e-9, 1, 1"})
  void everyLayerHasExactlyTheDensity(double density, int conv, int fc) {
    Mask mask = RandomMask.of(LAYOUT, density, 3);
    assertThat(mask.keptPerLayer()).containsExactly(conv, fc);
  }

  @Test
  void everyWeightIsAsLikelyAsAnyOther() {
    int seeds = 2000;
    int[] kept = new int[300];
    for (int seed = 0; seed < seeds; seed++) {
      Mask mask = RandomMask.of(LAYOUT, 0.3, seed);
      for (int i = 0; i < kept.length; i++) {
        kept[i] += mask.isActive(0, i) ? 1 : 0;
      }
    }
    // Six standard deviations of a binomial distribution.
    double deviation = Math.sqrt(seeds * 0.3 * 0.7);
    for (int count : kept) {
      assertThat((double) count)
          .isBetween(0.3 * seeds - 6 * deviation, 0.3 * seeds + 6 * deviation);
    }
  }

  @Test
  void theSeedDecides() {
    assertThat(RandomMask.of(LAYOUT, 0.3, 1)).isEqualTo(RandomMask.of(LAYOUT, 0.3, 1));
    assertThat(RandomMask.of(LAYOUT, 0.3, 1)).isNotEqualTo(RandomMask.of(LAYOUT, 0.3, 2));
  }
}
