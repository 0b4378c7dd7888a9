package io.coppice.aggregator.shards;

import io.coppice.aggregator.state.Reference;

/**
 * A usable record of {@code updates}: what the log holds at an offset, without the values.
 *
 * @param round round it belongs to
 * @param shard block that it is a part of
 * @param offset its offset in this task's partition
 * @param reference what it says about itself
 */
record Summand(RoundId round, ShardId shard, long offset, Reference reference) {

  AttemptId attempt() {
    return new AttemptId(reference.getAgentId(), reference.getSubmission());
  }
}
