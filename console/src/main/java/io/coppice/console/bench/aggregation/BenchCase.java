package io.coppice.console.bench.aggregation;

import java.util.Locale;

/**
 * One thing that is measured beside others.
 *
 * @param agents synthetic agents
 * @param instances aggregator processes
 * @param threads stream threads of each
 * @param guarantee what Kafka Streams promises
 */
record BenchCase(int agents, int instances, int threads, Guarantee guarantee) {

  /** What Kafka Streams promises of a record's processing, by its own names. */
  enum Guarantee {
    EXACTLY_ONCE("exactly_once_v2"),
    /** For comparison only: after a failure an update could be counted twice. */
    AT_LEAST_ONCE("at_least_once");

    private final String setting;

    Guarantee(String setting) {
      this.setting = setting;
    }

    String setting() {
      return setting;
    }

    /** For people. */
    String title() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%d agents, %d x %d threads, %s",
        agents,
        instances,
        threads,
        guarantee.title());
  }
}
