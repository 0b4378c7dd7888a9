package io.coppice.aggregator.shards;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a task holds on the heap for a round that is not closed: which shards it has seen of whom, and the sums so far. All of
 * it can be had again from the references in the store and the log.
 *
 * <p>A sum takes each agent's first try only. It is a guess at what the round will be closed with, nearly always right, and
 * checked when the round closes; a wrong guess costs a second reading, never a wrong result.
 */
final class OpenRound {

  private final Map<AttemptId, Attempt> attempts = new HashMap<>();
  private final Map<ShardId, Accumulator> accumulators = new HashMap<>();
  private long values;

  /** The attempt with this name, or a fresh one that makes the same claims as the summand. */
  Attempt attempt(Summand summand) {
    return attempts.computeIfAbsent(summand.attempt(), id -> new Attempt(summand.reference()));
  }

  Optional<Attempt> attempt(AttemptId id) {
    return Optional.ofNullable(attempts.get(id));
  }

  Optional<Accumulator> accumulator(ShardId shard) {
    return Optional.ofNullable(accumulators.get(shard));
  }

  /** Values in all sums of the round. */
  long values() {
    return values;
  }

  /**
   * Adds a summand to its sum, unless its agent is in there, it has another length, or there is no room for a further sum.
   *
   * @param room values that further sums may take
   */
  void accumulate(Summand summand, float[] data, long room) {
    int count = summand.reference().getValueCount();
    Accumulator accumulator = accumulators.get(summand.shard());
    if (accumulator == null) {
      if (count > room) {
        return;
      }
      accumulator = new Accumulator(summand.shard().kind(), count);
      accumulators.put(summand.shard(), accumulator);
      values += count;
    }
    if (accumulator.size() == count && !accumulator.has(summand.reference().getAgentId())) {
      accumulator.add(summand, data);
    }
  }
}
