package io.coppice.learning.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class WeightedSumTest {

  /** Multiples of 2^-10 below 2^14 with small weights: every product and sum is exact in double. */
  @Property
  void exactSumsAreRoundedOnce(
      @ForAll @Size(min = 1, max = 20)
          List<@IntRange(min = -(1 << 24), max = 1 << 24) Integer> values,
      @ForAll @IntRange(min = 1, max = 1000) int weight) {
    WeightedSum sum = new WeightedSum(1);
    BigDecimal exact = BigDecimal.ZERO;
    long divisor = 0;
    for (int i = 0; i < values.size(); i++) {
      float value = values.get(i) * 0x1p-10f;
      sum.add(new float[] {value}, weight + i);
      exact = exact.add(new BigDecimal(value).multiply(BigDecimal.valueOf(weight + i)));
      divisor += weight + i;
    }
    double quotient = exact.doubleValue() / divisor;
    assertThat(sum.dividedBy(divisor)).containsExactly((float) quotient);
  }

  @Property
  void anySumIsCloseToTheExactOne(@ForAll @Size(min = 1, max = 50) float[] values) {
    WeightedSum sum = new WeightedSum(1);
    BigDecimal exact = BigDecimal.ZERO;
    double magnitude = 0;
    for (int i = 0; i < values.length; i++) {
      sum.add(new float[] {values[i]}, i + 1);
      exact = exact.add(new BigDecimal(values[i]).multiply(BigDecimal.valueOf(i + 1)));
      magnitude += Math.abs((double) values[i]) * (i + 1);
    }
    long divisor = 1L << 20;
    double mean = exact.divide(BigDecimal.valueOf(divisor), MathContext.DECIMAL64).doubleValue();
    assertThat((double) sum.dividedBy(divisor)[0])
        .isCloseTo(
            mean, within(1e-14 * magnitude / divisor + Math.ulp((float) mean) + Float.MIN_VALUE));
  }

  @Test
  void additionsHappenInTheOrderOfTheCalls() {
    float big = 0x1p60f;
    assertThat(sum(1, big, -big)).isZero();
    assertThat(sum(big, -big, 1)).isEqualTo(1);
  }

  @Test
  void everyValueHasItsOwnSum() {
    WeightedSum sum = new WeightedSum(2);
    sum.add(new float[] {1, 2, 99}, 3);
    sum.add(new float[] {5, 6}, 1);
    assertThat(sum.size()).isEqualTo(2);
    assertThat(sum.dividedBy(4)).containsExactly(2, 3);
  }

  private static float sum(float... values) {
    WeightedSum sum = new WeightedSum(1);
    for (float value : values) {
      sum.add(new float[] {value}, 1);
    }
    return sum.dividedBy(1)[0];
  }
}
