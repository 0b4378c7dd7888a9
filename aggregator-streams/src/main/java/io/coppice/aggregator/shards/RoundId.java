package io.coppice.aggregator.shards;

/** One round of one run; round -1 is initial pruning. */
record RoundId(String runId, int round) {}
