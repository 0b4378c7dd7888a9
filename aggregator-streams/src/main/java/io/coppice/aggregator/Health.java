package io.coppice.aggregator;

import java.util.List;

/**
 * What an instance is like at one time.
 *
 * @param alive whether it works or may come to work by itself; if not, only a new process helps
 * @param ready whether it does its share of the work
 * @param state what Kafka Streams says of itself
 * @param faults what is wrong, one sentence each
 */
public record Health(boolean alive, boolean ready, String state, List<String> faults) {

  /** Before there is an instance: the broker is waited for. */
  static final Health STARTING = new Health(true, false, "STARTING", List.of());

  public Health {
    faults = List.copyOf(faults);
  }
}
