package io.coppice.console.bench;

/**
 * What is timed.
 *
 * @param kind steps or forward passes
 * @param batch images of each, at least 1
 */
record Workload(Kind kind, int batch) {

  /** Consecutive steps or forward passes of a turn: the local steps of a round in the PruneFL experiments. */
  static final int UNITS = 5;

  /** What a unit of work is. */
  enum Kind {
    /** One step of SGD: forward, backward, update. */
    STEP("step"),
    /** One forward pass. */
    INFERENCE("inference");

    private final String title;

    Kind(String title) {
      this.title = title;
    }

    /** In a table, in a report and in a request to the peer. */
    String title() {
      return title;
    }
  }
}
