package io.coppice.learning.pruning;

import io.coppice.learning.model.ParameterTensor;
import java.util.BitSet;

/**
 * The weights of one layer with the largest values, exactly as many as asked for: of those that tie, the ones of lower row-major
 * index.
 */
final class TopWeights {

  private TopWeights() {}

  /**
   * Chooses by magnitude.
   *
   * @param among the weights to choose from, bit i for the i-th of the layer
   * @param values one a parameter, in layout order; only those of {@code among} are looked at
   * @param count at most as many as {@code among} has
   * @param what the values are, for the message
   * @throws IllegalArgumentException if one of the values is NaN
   */
  static BitSet largest(
      ParameterTensor weight, BitSet among, float[] values, int count, String what) {
    int size = among.cardinality();
    if (count == 0) {
      return new BitSet();
    }
    int[] indices = new int[size];
    int[] magnitudes = new int[size];
    int next = 0;
    BitWalk walk = BitWalk.overSet(among, weight.size());
    while (walk.next()) {
      int filled = walk.fill();
      for (int j = 0; j < filled; j++) {
        int i = walk.indices()[j];
        float magnitude = Math.abs(values[weight.offset() + i]);
        if (Float.isNaN(magnitude)) {
          throw new IllegalArgumentException(
              String.format(
                  "The %s of weight %d of layer %s is NaN, so it cannot be compared.",
                  what, i, weight.layer()));
        }
        indices[next] = i;
        magnitudes[next++] = Float.floatToRawIntBits(magnitude);
      }
    }
    return select(indices, magnitudes, count, weight.size());
  }

  private static BitSet select(int[] indices, int[] magnitudes, int count, int bits) {
    BitSet chosen = new BitSet(bits);
    int threshold =
        Float.floatToRawIntBits(RadixSelect.select(magnitudes.clone(), magnitudes.length - count));
    int above = 0;
    for (int magnitude : magnitudes) {
      above += magnitude > threshold ? 1 : 0;
    }
    int ties = count - above;
    for (int j = 0; j < indices.length; j++) {
      if (magnitudes[j] > threshold || (magnitudes[j] == threshold && ties-- > 0)) {
        chosen.set(indices[j]);
      }
    }
    return chosen;
  }
}
