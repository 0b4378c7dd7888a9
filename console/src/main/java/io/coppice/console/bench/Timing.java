package io.coppice.console.bench;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What a case took.
 *
 * @param millis CPU milliseconds of one step or one forward pass
 * @param onceMillis CPU milliseconds of what is done once for several of them, such as loading the model into the network and
 *     collecting the update at the end; NaN where it was not measured
 */
record Timing(double millis, double onceMillis) {

  /**
   * The median of each figure.
   *
   * @param timings at least one
   */
  static Timing median(List<Timing> timings) {
    return new Timing(median(timings, Timing::millis), median(timings, Timing::onceMillis));
  }

  /** Of an even number, the mean of the two in the middle. */
  private static double median(List<Timing> timings, ToDoubleFunction<Timing> figure) {
    double[] sorted = timings.stream().mapToDouble(figure).sorted().toArray();
    int middle = sorted.length / 2;
    return Arrays.stream(sorted, (sorted.length - 1) / 2, middle + 1).average().orElseThrow();
  }

  /** A unit's share of a round of {@link Workload#UNITS}: itself, and that part of what is done once. */
  double ofRound() {
    return millis + onceMillis / Workload.UNITS;
  }
}
