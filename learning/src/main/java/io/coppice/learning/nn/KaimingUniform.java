package io.coppice.learning.nn;

import io.coppice.learning.random.SplitMix64;
import java.util.function.DoubleSupplier;

/**
 * Weights uniform in (-b, b) with {@code b = sqrt(6 / ((1 + a^2) x fan))} (He et al., "Delving Deep into Rectifiers", 2015).
 *
 * @param slopeSquared a^2, the square of the assumed negative slope of the activation, at least 0
 * @param fan whether inputs or outputs are counted
 */
public record KaimingUniform(double slopeSquared, Fan fan) implements Initialisation {

  /** a = sqrt(5) over the inputs, b = 1/sqrt(fan in): the usual default of a layer. */
  public static final KaimingUniform DEFAULT = new KaimingUniform(5, Fan.IN);

  @Override
  public DoubleSupplier weights(int fanIn, int fanOut, SplitMix64 random) {
    return uniform(Math.sqrt(6 / ((1 + slopeSquared) * fan.of(fanIn, fanOut))), random);
  }

  /** Values uniform in (-bound, bound). */
  static DoubleSupplier uniform(double bound, SplitMix64 random) {
    return () -> (2 * random.nextDouble() - 1) * bound;
  }
}
