package io.coppice.audit;

import io.coppice.aggregator.rounds.UpdateShape;
import io.coppice.learning.model.Shards;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What the shards of a round are held against.
 *
 * @param closed the round as the ledger has it
 * @param shards how vectors are cut
 * @param deltaValues values of the delta
 * @param importanceValues values of the upload; 0 where there is none
 * @param submissions the contributors' submissions, by agent
 * @param digests content digests of these submissions, by agent
 */
record RoundEvidence(
    RoundClosed closed,
    Shards shards,
    int deltaValues,
    int importanceValues,
    Map<String, UpdateSubmitted> submissions,
    Map<String, ByteBuffer> digests) {

  static RoundEvidence of(
      RoundClosed closed, UpdateShape shape, Map<String, UpdateSubmitted> submissions) {
    return new RoundEvidence(
        closed,
        shape.shards(),
        shape.deltaValues(),
        shape.importanceValues(),
        submissions,
        closed.getContributors().stream()
            .collect(Collectors.toMap(Contributor::getAgentId, Contributor::getSubmissionDigest)));
  }

  int round() {
    return closed.getRound();
  }

  /** Number of shards of a kind. */
  int count(ShardKind kind) {
    return shards.count(values(kind));
  }

  /** Values in a shard. */
  int length(ShardKind kind, int shard) {
    return shards.length(values(kind), shard);
  }

  private int values(ShardKind kind) {
    return kind == ShardKind.DELTA ? deltaValues : importanceValues;
  }

  /** SHA-256 of a shard's values as a contributor has submitted it; admission has checked the order of the list. */
  ByteBuffer sha256(UpdateSubmitted submission, ShardKind kind, int shard) {
    int index = kind == ShardKind.DELTA ? shard : count(ShardKind.DELTA) + shard;
    return submission.getShards().get(index).getSha256();
  }

  long totalWeight() {
    return closed.getContributors().stream().mapToLong(Contributor::getWeight).sum();
  }
}
