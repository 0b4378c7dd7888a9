package io.coppice.pruning;

/**
 * Decides the masks of one run. It is given every round after which one is due, in order and from the run's first on, also those
 * that were decided before: what it remembers is a function of the log, and whoever replays the log gets the same masks. Used by
 * one thread.
 */
@FunctionalInterface
public interface Decider {

  /** Whether the decision after a round depends on those before it, so that a decider has to be given the rounds since the first. */
  default boolean remembers() {
    return false;
  }

  /**
   * Decides the mask after a round.
   *
   * @throws IllegalStateException if the round cannot be decided upon
   */
  Decision decide(RoundOutcome round);
}
