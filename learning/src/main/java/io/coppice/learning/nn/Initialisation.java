package io.coppice.learning.nn;

import io.coppice.learning.random.SplitMix64;
import java.util.function.DoubleSupplier;

/** The distribution of a layer's initial weights. Only IEEE arithmetic is used: a seed gives the same bits on every machine. */
public sealed interface Initialisation permits KaimingUniform, KaimingNormal {

  /** What scales the weights. */
  enum Fan {
    /** The number of values that one output is computed from. */
    IN,
    /** The number of outputs that one value takes part in: output channels x kernel positions, or output features. */
    OUT;

    int of(int fanIn, int fanOut) {
      return this == IN ? fanIn : fanOut;
    }
  }

  /**
   * The weights of a layer, in row-major order.
   *
   * @param fanIn number of values that one output is computed from, at least 1
   * @param fanOut number of outputs that one value takes part in, at least 1
   * @param random where the weights are drawn from
   */
  DoubleSupplier weights(int fanIn, int fanOut, SplitMix64 random);
}
