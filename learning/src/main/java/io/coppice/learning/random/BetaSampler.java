package io.coppice.learning.random;

/**
 * Draws from beta distributions in strict arithmetic, so that a seed means the same numbers on every machine. A beta variate is
 * the share of one gamma variate in two, and those are drawn by the method of Marsaglia and Tsang (A Simple Method for Generating
 * Gamma Variables, ACM Transactions on Mathematical Software 26, 2000).
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
    double x = gamma(alpha);
    double y = gamma(beta);
    return x / (x + y);
  }

  /** A gamma variate of scale 1. The method is exact for shapes from 1 on. */
  private double gamma(double shape) {
    if (!(shape >= 1 && shape < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "The parameters of a beta distribution are finite and at least 1 here, not "
              + shape
              + ".");
    }
    double d = shape - 1.0 / 3;
    double c = 1 / StrictMath.sqrt(9 * d);
    while (true) {
      double x = random.nextGaussian();
      double root = 1 + c * x;
      if (root <= 0) {
        continue;
      }
      double v = root * root * root;
      double u = 1 - random.nextDouble();
      double square = x * x;
      if (u < 1 - 0.0331 * square * square
          || StrictMath.log(u) < square / 2 + d * (1 - v + StrictMath.log(v))) {
        return d * v;
      }
    }
  }
}
