package io.coppice.learning.pruning;

/**
 * The value of a given rank without a sort. The bits of a non-negative float order as the float does, so three histograms over
 * 11, 10 and 10 of its 31 bits find the value in time linear in the number of values.
 */
final class RadixSelect {

  private static final int[] SHIFT = {20, 10, 0};
  private static final int[] BUCKETS = {1 << 11, 1 << 10, 1 << 10};

  private RadixSelect() {}

  /**
   * The value of rank {@code rank}.
   *
   * @param values bits of non-negative floats; overwritten
   * @param rank from 0, the smallest, to {@code values.length - 1}
   */
  static float select(int[] values, int rank) {
    int count = values.length;
    int selected = 0;
    for (int pass = 0; pass < SHIFT.length; pass++) {
      int shift = SHIFT[pass];
      int digits = BUCKETS[pass] - 1;
      int[] histogram = new int[BUCKETS[pass]];
      for (int i = 0; i < count; i++) {
        histogram[(values[i] >>> shift) & digits]++;
      }
      int bucket = 0;
      while (rank >= histogram[bucket]) {
        rank -= histogram[bucket++];
      }
      selected |= bucket << shift;
      int left = 0;
      for (int i = 0; i < count; i++) {
        if (((values[i] >>> shift) & digits) == bucket) {
          values[left++] = values[i];
        }
      }
      count = left;
    }
    return Float.intBitsToFloat(selected);
  }
}
