package io.coppice.console.predict;

import java.util.Arrays;

/** Wall-clock times that batches took. Immutable. */
final class Latencies {

  private final long[] sorted;

  /**
   * @param nanos nanoseconds of each batch; at least one
   */
  Latencies(long[] nanos) {
    if (nanos.length == 0) {
      throw new IllegalArgumentException("There are no times to tell percentiles of.");
    }
    sorted = nanos.clone();
    Arrays.sort(sorted);
  }

  /** Number of batches. */
  int count() {
    return sorted.length;
  }

  /**
   * A percentile by nearest rank: the shortest time that at least this share of the batches did not exceed.
   *
   * @param percent above 0 and at most 100
   * @return milliseconds
   */
  double percentile(int percent) {
    int rank = Math.ceilDiv(percent * sorted.length, 100);
    return sorted[rank - 1] / 1e6;
  }

  /** The mean, in milliseconds. */
  double mean() {
    return Arrays.stream(sorted).sum() / 1e6 / sorted.length;
  }
}
