package io.coppice.console.bench.aggregation;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What was measured of a case.
 *
 * @param bench the case
 * @param heldBack rounds whose updates became visible all at once
 * @param live rounds whose updates came one after another
 * @param changelogPerByte bytes of the state's changelogs for each byte of the agents' records
 * @param internalPerByte bytes of the topics by which the aggregator's parts speak to each other, likewise
 * @param heapMegabytes the most that the heap of an instance has held just after a full collection; 0 if there was none
 */
record CaseFigures(
    BenchCase bench,
    List<RoundFigures> heldBack,
    List<RoundFigures> live,
    double changelogPerByte,
    double internalPerByte,
    int heapMegabytes) {

  /** The case's throughput. */
  double megabytesPerSecond() {
    return median(heldBack, RoundFigures::megabytesPerSecond);
  }

  double cpuMillisPerMegabyte() {
    return median(heldBack, RoundFigures::cpuMillisPerMegabyte);
  }

  /** Processors that were busy in rounds that were held back: with as many as the machine has, nothing can be faster in parallel. */
  double busyProcessors() {
    return median(heldBack, RoundFigures::busyProcessors);
  }

  double liveMegabytesPerSecond() {
    return median(live, RoundFigures::megabytesPerSecond);
  }

  double roundsPerSecond() {
    return 1 / median(live, RoundFigures::seconds);
  }

  double latencySeconds() {
    return median(live, RoundFigures::latencySeconds);
  }

  double worstLatencySeconds() {
    return live.stream().mapToDouble(RoundFigures::latencySeconds).max().orElseThrow();
  }

  static double median(List<RoundFigures> rounds, ToDoubleFunction<RoundFigures> figure) {
    return median(rounds.stream().mapToDouble(figure).toArray());
  }

  static double median(double... values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
