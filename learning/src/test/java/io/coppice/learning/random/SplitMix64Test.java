package io.coppice.learning.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SplitMix64Test {

  /** The JDK's generator is the same algorithm, with a fixed gamma for a given seed. */
  @Property
  void theNumbersAreThoseOfTheJdk(@ForAll long seed) {
    SplitMix64 ours = new SplitMix64(seed);
    SplittableRandom jdk = new SplittableRandom(seed);
    for (int i = 0; i < 10; i++) {
      assertThat(ours.nextLong()).isEqualTo(jdk.nextLong());
    }
  }

  @Test
  void boundedNumbersAreUniform() {
    SplitMix64 random = new SplitMix64(1);
    int[] counts = new int[7];
    for (int i = 0; i < 70_000; i++) {
      counts[random.nextInt(7)]++;
    }
    assertThat(Arrays.stream(counts)).allMatch(count -> Math.abs(count - 10_000) < 500);
    int large = (1 << 30) + 12_345;
    for (int i = 0; i < 1000; i++) {
      assertThat(random.nextInt(large)).isBetween(0, large - 1);
    }
    assertThatThrownBy(() -> random.nextInt(0)).hasMessage("The bound is at least 1, not 0.");
  }

  @Test
  void gaussiansHaveMeanZeroAndVarianceOne() {
    SplitMix64 random = new SplitMix64(1);
    double sum = 0;
    double squares = 0;
    int n = 200_000;
    for (int i = 0; i < n; i++) {
      double x = random.nextGaussian();
      sum += x;
      squares += x * x;
    }
    assertThat(sum / n).isCloseTo(0, within(0.01));
    assertThat(squares / n).isCloseTo(1, within(0.02));
  }

  @Test
  void everyPartOfASeedCountsAndItsPlace() {
    assertThat(SplitMix64.seed(1, 2)).isNotEqualTo(SplitMix64.seed(2, 1));
    assertThat(SplitMix64.seed(0)).isNotEqualTo(SplitMix64.seed(0, 0));
    assertThat(SplitMix64.seed("ab")).isNotEqualTo(SplitMix64.seed("ba"));
  }
}
