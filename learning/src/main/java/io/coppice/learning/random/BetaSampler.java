package io.coppice.learning.random;

/**
 * Draws from beta distributions in strict arithmetic, so that a seed means the same numbers on every machine: a beta variate is the
 * share of one gamma variate in two ({@link GammaSampler}).
 *
 * <p>Not thread-safe.
 */
public final class BetaSampler {

  private final SplitMix64 random;

  /** A sampler that draws from a source. */
  public BetaSampler(SplitMix64 random) {
    this.random = random;
  }

  /**
   * A number in (0, 1), of mean {@code alpha / (alpha + beta)}.
   *
   * @param alpha at least 1
   * @param beta at least 1
   * @throws IllegalArgumentException if a parameter is out of range
   */
  public double next(double alpha, double beta) {
    double x = GammaSampler.next(alpha, random);
    double y = GammaSampler.next(beta, random);
    return x / (x + y);
  }
}
