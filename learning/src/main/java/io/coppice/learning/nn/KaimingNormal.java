package io.coppice.learning.nn;

import io.coppice.learning.random.SplitMix64;
import java.util.function.DoubleSupplier;

/**
 * Weights normal with mean 0 and standard deviation {@code sqrt(2 / fan)} (He et al., "Delving Deep into Rectifiers", 2015).
 *
 * @param fan whether inputs or outputs are counted
 */
public record KaimingNormal(Fan fan) implements Initialisation {

  @Override
  public DoubleSupplier weights(int fanIn, int fanOut, SplitMix64 random) {
    double deviation = Math.sqrt(2.0 / fan.of(fanIn, fanOut));
    return () -> random.nextGaussian() * deviation;
  }
}
