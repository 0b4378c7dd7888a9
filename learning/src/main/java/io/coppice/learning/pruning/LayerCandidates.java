package io.coppice.learning.pruning;

import io.coppice.learning.model.ParameterTensor;
import java.util.Arrays;
import java.util.BitSet;

/**
 * The weights of one prunable layer that growth may take, once sorted in the order in which it takes them: importance
 * descending, then row-major index ascending.
 */
/*
 * A weight is one long whose natural order is that order: the upper half counts down with the bits of the importance (a
 * non-negative float orders as its bits do), the lower half is the index.
 */
final class LayerCandidates {

  private final double secondsPerWeight;
  private final int total;
  private final long[] weights;
  private int size;
  private int taken;

  /**
   * All weights that are not kept and whose importance per second is above a ratio.
   *
   * @param importance of all parameters, in layout order; at least 0
   * @param secondsPerWeight seconds a round that one of these weights costs, above 0
   */
  LayerCandidates(
      BitSet keep,
      ParameterTensor tensor,
      float[] importance,
      double secondsPerWeight,
      double ratio) {
    this.secondsPerWeight = secondsPerWeight;
    this.total = tensor.size() - keep.cardinality();
    int threshold = threshold(ratio);
    int above = 0;
    for (int i = tensor.offset(); i < tensor.end(); i++) {
      above += isAbove(bits(importance[i]), threshold);
    }
    // Kept ones are among those counted, and one is written behind the last.
    this.weights = new long[Math.min(above, total) + 1];
    BitWalk walk = BitWalk.overClear(keep, tensor.size());
    while (walk.next()) {
      int count = walk.fill();
      for (int j = 0; j < count; j++) {
        int i = walk.indices()[j];
        int bits = bits(importance[tensor.offset() + i]);
        weights[size] = (long) (Integer.MAX_VALUE - bits) << 32 | i;
        size += isAbove(bits, threshold);
      }
    }
  }

  /** The bits of an importance, of which minus zero is a possible one, too: adding zero makes it zero. */
  private static int bits(float importance) {
    return Float.floatToRawIntBits(importance + 0f);
  }

  /** The bits of the largest float whose importance per second is not above a ratio. */
  private int threshold(double ratio) {
    double least = ratio * secondsPerWeight;
    float rounded = (float) least;
    return Float.floatToRawIntBits(rounded > least ? Math.nextDown(rounded) : rounded);
  }

  /** 1 if the first of two non-negative floats is the larger one, by their bits; else 0. A branch would often be mispredicted. */
  private static int isAbove(int bits, int threshold) {
    return (threshold - bits) >>> 31;
  }

  /** Drops the weights whose importance per second is not above a ratio; keeps no order. */
  void dropUpTo(double ratio) {
    int threshold = threshold(ratio);
    int left = 0;
    for (int i = 0; i < size; i++) {
      long weight = weights[i];
      weights[left] = weight;
      left += isAbove(bits(weight), threshold);
    }
    size = left;
  }

  /** Number of weights that were not dropped. */
  int size() {
    return size;
  }

  /** Number of weights before any was dropped. */
  int total() {
    return total;
  }

  /** Seconds a round that one of these weights costs. */
  double secondsPerWeight() {
    return secondsPerWeight;
  }

  /** Importance of all weights that were not dropped. */
  double importance() {
    double sum = 0;
    for (int i = 0; i < size; i++) {
      sum += importance(weights[i]);
    }
    return sum;
  }

  /** Takes all weights whose importance per second is above a ratio, in any order, and leaves the others. */
  double takeAbove(double ratio, BitSet keep) {
    int threshold = threshold(ratio);
    double sum = 0;
    int left = 0;
    for (int i = 0; i < size; i++) {
      long weight = weights[i];
      if (bits(weight) > threshold) {
        sum += importance(weight);
        keep.set((int) weight);
      } else {
        weights[left++] = weight;
      }
    }
    size = left;
    return sum;
  }

  void sort() {
    Arrays.sort(weights, 0, size);
  }

  /** Importance per second of the next weight in order; negative infinity behind the last. */
  double nextRate() {
    return taken == size ? Double.NEGATIVE_INFINITY : importance(weights[taken]) / secondsPerWeight;
  }

  /** Takes the next weight in order: its row-major index. */
  int take() {
    return (int) weights[taken++];
  }

  private static double importance(long weight) {
    return Float.intBitsToFloat(bits(weight));
  }

  private static int bits(long weight) {
    return Integer.MAX_VALUE - (int) (weight >>> 32);
  }
}
