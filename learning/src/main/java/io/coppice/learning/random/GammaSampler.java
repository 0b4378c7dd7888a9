package io.coppice.learning.random;

/**
 * Draws gamma variates of scale 1 in strict arithmetic, so that a seed means the same numbers on every machine (Marsaglia and Tsang:
 * A Simple Method for Generating Gamma Variables, ACM Transactions on Mathematical Software 26, 2000).
 */
public final class GammaSampler {

  private GammaSampler() {}

  /**
   * A number above 0, of mean {@code shape}.
   *
   * @param shape finite and at least 1, where the method is exact
   * @throws IllegalArgumentException if the shape is out of range
   */
  public static double next(double shape, SplitMix64 random) {
    if (!(shape >= 1 && shape < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "The shape of a gamma distribution is finite and at least 1 here, not " + shape + ".");
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
