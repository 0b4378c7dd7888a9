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
    weights = new long[tensor.size() - keep.cardinality()];
    double least = ratio * secondsPerWeight;
    for (int i = keep.nextClearBit(0); i < tensor.size(); i = keep.nextClearBit(i + 1)) {
      float value = importance[tensor.offset() + i];
      if (value > least) {
        weights[size++] = (long) (Integer.MAX_VALUE - Float.floatToRawIntBits(value)) << 32 | i;
      }
    }
  }

  /** Drops the weights whose importance per second is not above a ratio; keeps no order. */
  void dropUpTo(double ratio) {
    double least = ratio * secondsPerWeight;
    int left = 0;
    for (int i = 0; i < size; i++) {
      if (importance(weights[i]) > least) {
        weights[left++] = weights[i];
      }
    }
    size = left;
  }

  /** Number of weights that were not dropped. */
  int size() {
    return size;
  }

  /** Number of weights before any was dropped. */
  int total() {
    return weights.length;
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
    return Float.intBitsToFloat(Integer.MAX_VALUE - (int) (weight >>> 32));
  }
}
