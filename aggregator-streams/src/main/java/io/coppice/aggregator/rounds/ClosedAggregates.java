package io.coppice.aggregator.rounds;

import io.coppice.aggregator.Fault;
import io.coppice.aggregator.shards.PartitionShards;
import io.coppice.aggregator.state.Phase;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.schemas.AggregateDigest;
import io.coppice.schemas.AggregateDigests;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.ShardKind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The aggregates of a closed round: which of their digests each partition has to report, and what all of them come to.
 *
 * @param round the round closed last
 * @param deltaShards shards of its deltas
 * @param importanceShards shards of its importance; 0 if it has not asked for it
 * @param partitions partitions of the topics by shard
 */
record ClosedAggregates(int round, int deltaShards, int importanceShards, int partitions) {

  private static final Comparator<AggregateDigest> ORDER =
      Comparator.comparing(AggregateDigest::getKind).thenComparingInt(AggregateDigest::getShard);

  /** Those of the round that the run has closed last, if it has closed one. */
  static Optional<ClosedAggregates> of(RunProgress progress, int partitions) {
    if (progress.getClosedDeltaShards() == 0) {
      return Optional.empty();
    }
    boolean open = progress.getPhase() == Phase.ROUND_OPEN;
    return Optional.of(
        new ClosedAggregates(
            open ? progress.getRound() - 1 : progress.getRound(),
            progress.getClosedDeltaShards(),
            progress.getClosedImportanceShards(),
            partitions));
  }

  /** How many partitions have to report. */
  int partitionsInvolved() {
    return PartitionShards.involved(deltaShards, importanceShards, partitions);
  }

  /** Why a report is not one of this round and of all shards that its partition holds. */
  Optional<Fault> fault(AggregateDigests report) {
    if (report.getRound() != round) {
      return fault(
          report.getRound() < round ? RejectReason.LATE : RejectReason.EARLY,
          "Digests are those of round %d, which was closed last, not of round %d.",
          round,
          report.getRound());
    }
    if (report.getPartition() < 0 || report.getPartition() >= partitionsInvolved()) {
      return fault(
          RejectReason.MALFORMED,
          "Partition %d holds no shard of the %d that have some.",
          report.getPartition(),
          partitionsInvolved());
    }
    PartitionShards own = new PartitionShards(report.getPartition(), partitions);
    List<AggregateDigest> shards = report.getShards();
    int delta = own.count(deltaShards);
    if (shards.size() != delta + own.count(importanceShards)) {
      return wrongShards(report);
    }
    for (int i = 0; i < shards.size(); i++) {
      AggregateDigest shard = shards.get(i);
      boolean isDelta = i < delta;
      int index = report.getPartition() + partitions * (isDelta ? i : i - delta);
      if (shard.getKind() != (isDelta ? ShardKind.DELTA : ShardKind.IMPORTANCE)
          || shard.getShard() != index
          || shard.getDigest().remaining() != ContentDigest.BYTES) {
        return wrongShards(report);
      }
    }
    return Optional.empty();
  }

  /**
   * The digest over all shards, deltas by index and then importance by index.
   *
   * @param reports those of all partitions, each without fault
   */
  ByteBuffer digest(Collection<AggregateDigests> reports) {
    List<AggregateDigest> shards = new ArrayList<>(deltaShards + importanceShards);
    reports.forEach(report -> shards.addAll(report.getShards()));
    if (shards.size() != deltaShards + importanceShards) {
      throw new IllegalStateException(
          String.format(
              "Digests of %d shards are there, not of %d.",
              shards.size(), deltaShards + importanceShards));
    }
    shards.sort(ORDER);
    return ContentDigest.ofAll(shards.stream().map(AggregateDigest::getDigest).toList());
  }

  private static Optional<Fault> wrongShards(AggregateDigests report) {
    return fault(
        RejectReason.WRONG_SHAPE,
        "The digests of partition %d are not one of 32 bytes for each of its shards of round %d, in order.",
        report.getPartition(),
        report.getRound());
  }

  private static Optional<Fault> fault(RejectReason reason, String detail, Object... arguments) {
    return Optional.of(Fault.of(reason, detail, arguments));
  }
}
