package io.coppice.learning.training;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;

/** The factors of the mask in use. They are as large as the model, and most rounds have the mask of the round before. */
final class MaskFactors {

  private Mask mask;
  private float[] factors;

  /**
   * The factors of a mask, the same array as before if it is the same mask.
   *
   * @throws IllegalArgumentException if the mask belongs to another model
   */
  @SuppressWarnings("ReferenceEquality") // comparing millions of bits would cost more than it saves
  float[] of(Mask wanted, ParameterLayout layout) {
    if (wanted != mask) {
      if (!wanted.layout().equals(layout)) {
        throw new IllegalArgumentException("The mask belongs to another model than the network's.");
      }
      factors = wanted.factors();
      mask = wanted;
    }
    return factors;
  }
}
