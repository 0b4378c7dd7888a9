package io.coppice.aggregator.shards;

import java.nio.ByteBuffer;

/**
 * One try of one agent in a round: an update that was rejected may be followed by another.
 *
 * @param agentId the sender
 * @param submission content digest of the submission
 */
record AttemptId(String agentId, ByteBuffer submission) {}
