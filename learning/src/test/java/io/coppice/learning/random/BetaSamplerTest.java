package io.coppice.learning.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BetaSamplerTest {

  /** Mean a / (a + b) and variance a b / ((a + b)^2 (a + b + 1)), within six standard errors or more of 100,000 draws. */
  @ParameterizedTest
  @CsvSource({"1, 1", "2, 3", "9, 3", "3.5, 8.5", "1, 301", "250, 51"})
  void meanAndVarianceAreThoseOfTheDistribution(double alpha, double beta) {
    BetaSampler sampler = new BetaSampler(new SplitMix64(7));
    int draws = 100_000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < draws; i++) {
      double x = sampler.next(alpha, beta);
      assertThat(x > 0 && x < 1).isTrue();
      sum += x;
      squares += x * x;
    }
    double both = alpha + beta;
    double variance = alpha * beta / (both * both * (both + 1));
    double mean = sum / draws;
    assertThat(mean).isCloseTo(alpha / both, within(6 * Math.sqrt(variance / draws)));
    assertThat(squares / draws - mean * mean).isCloseTo(variance, within(0.05 * variance));
  }

  @Test
  void aUniformDistributionIsUniform() {
    BetaSampler sampler = new BetaSampler(new SplitMix64(1));
    int[] tenths = new int[10];
    for (int i = 0; i < 100_000; i++) {
      tenths[(int) (10 * sampler.next(1, 1))]++;
    }
    for (int count : tenths) {
      assertThat(count).isBetween(9_400, 10_600); // six standard deviations of 95
    }
  }

  @Test
  void theSameSeedDrawsTheSame() {
    BetaSampler one = new BetaSampler(new SplitMix64(3));
    BetaSampler other = new BetaSampler(new SplitMix64(3));
    for (int i = 0; i < 100; i++) {
      assertThat(one.next(2, 5)).isEqualTo(other.next(2, 5));
    }
  }

  @Test
  void shapesBelowOneAreRefused() {
    BetaSampler sampler = new BetaSampler(new SplitMix64(0));
    assertThatThrownBy(() -> sampler.next(0.5, 1)).hasMessageContaining("at least 1 here, not 0.5");
    assertThatThrownBy(() -> sampler.next(1, Double.NaN)).hasMessageContaining("not NaN");
  }
}
