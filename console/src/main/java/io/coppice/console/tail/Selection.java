package io.coppice.console.tail;

import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.LogKeys;
import java.util.Optional;

/**
 * Which records are wanted.
 *
 * <p>A record that belongs to no round is wanted in every round: the definition of a run, its agents, its end. One that cannot
 * be decoded is wanted whatever its round and agent, which nobody knows: what is broken must not be hidden by a filter.
 *
 * @param run the run; empty: all
 * @param rounds the rounds; empty: all
 * @param agent an agent that a record must name; empty: any or none
 */
public record Selection(Optional<String> run, Optional<RoundRange> rounds, Optional<String> agent) {

  /** Whether a record is of the run, as its key says; to be asked before it is decoded. */
  public boolean isOfRun(Entry entry) {
    return run.isEmpty() || LogKeys.isOfRun(entry.key(), run.get());
  }

  /** Whether a record of the run is wanted. */
  public boolean contains(FoundRecord found) {
    return found.subject().map(this::contains).orElse(true);
  }

  private boolean contains(Subject subject) {
    boolean isInRound =
        rounds.isEmpty()
            || subject.round().isEmpty()
            || rounds.get().contains(subject.round().getAsInt());
    return isInRound && (agent.isEmpty() || subject.agents().contains(agent.get()));
  }
}
