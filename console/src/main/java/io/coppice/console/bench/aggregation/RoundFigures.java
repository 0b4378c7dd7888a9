package io.coppice.console.bench.aggregation;

/**
 * What was measured of a round.
 *
 * @param bytes of the agents' records
 * @param seconds held back: from the moment that the updates became visible to the last aggregate; live: from the moment that the
 *     round was open
 * @param latencySeconds from the moment that the last submission was committed to the last aggregate
 * @param cpuSeconds that all instances of the aggregator have used
 * @param otherCpuSeconds that this process has used: the agents, the reader, and the broker if it is embedded
 */
record RoundFigures(
    long bytes, double seconds, double latencySeconds, double cpuSeconds, double otherCpuSeconds) {

  /** Processors that were busy on average. */
  double busyProcessors() {
    return (cpuSeconds + otherCpuSeconds) / seconds;
  }

  double megabytesPerSecond() {
    return bytes / 1e6 / seconds;
  }

  double cpuMillisPerMegabyte() {
    return cpuSeconds * 1e3 / (bytes / 1e6);
  }
}
