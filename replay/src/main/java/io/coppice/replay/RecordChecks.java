package io.coppice.replay;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.Shards;
import io.coppice.replay.IgnoredRecord.Reason;
import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.MetricEntry;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundEvaluated;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/**
 * What a record of a run must hold by itself: it lies where it belongs, has the digest of its content, and says what the run's
 * definition allows. What it must hold beside the records before it is {@link LedgerOrder}'s and {@link ModelFold}'s. Immutable.
 */
/*
 * A record that passes may still be a lie: whoever may write a topic may write well-formed records. Nothing here tells a forged
 * event of the ledger from a true one; the ledger's chain and the audit do, later. What passes can be folded without harm to
 * whoever folds it, and no more is claimed.
 */
final class RecordChecks {

  private final RunDefinition run;
  private final int shardPartitions;

  /**
   * @param shardPartitions partitions that the topics by shard have
   */
  RecordChecks(RunDefinition run, int shardPartitions) {
    this.run = run;
    this.shardPartitions = shardPartitions;
  }

  /** A run's definition, and the run that lies under its key. */
  static void definition(Entry entry, RunDefinition found, int runPartitions)
      throws UnfitRecordException {
    if (!LogKeys.isName(found.id())) {
      throw new UnfitRecordException(
          Reason.MALFORMED, "A run is named by 1 to 64 of a-z, 0-9 and '-'.");
    }
    if (!found.id().equals(entry.key())
        || entry.partition() != LogKeys.runPartition(found.id(), runPartitions)) {
      throw misplaced(entry, "the definition of run " + found.id());
    }
  }

  void mask(Entry entry, MaskPublished mask) throws UnfitRecordException {
    isAt(entry, mask.getRunId(), run.id());
    digest(mask.getDigest(), ContentDigest.of(mask));
    int effective = mask.getEffectiveRound();
    boolean due =
        effective == run.firstRound()
            ? mask.getVersion() == 0
            : effective > run.firstRound()
                && effective <= run.lastRound() + 1
                && run.newMaskAfter(effective - 1)
                && mask.getVersion() == run.maskVersionIn(effective);
    if (!due) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "No mask of version %d takes effect in round %d.",
          mask.getVersion(),
          effective);
    }
    try {
      Mask layers = LogTensors.fromLog(run.layout(), mask.getLayers());
      if (layers.activeParameters() != mask.getActiveParameters()) {
        throw new UnfitRecordException(
            Reason.MALFORMED,
            "The mask has %d active parameters, not %d.",
            layers.activeParameters(),
            mask.getActiveParameters());
      }
      if (mask.getCost() != null) {
        DefinitionChecks.cost(mask.getCost(), run.layout());
      }
    } catch (IllegalArgumentException e) {
      throw new UnfitRecordException(Reason.MALFORMED, "%s", e.getMessage());
    }
    Double probed = mask.getProbeDensity();
    if (probed != null && !(probed > 0 && probed <= 1)) {
      throw new UnfitRecordException(
          Reason.MALFORMED, "A probed density lies in (0, 1] and is not %s.", probed);
    }
  }

  /** An aggregate, as far as it can be judged without the round that it is of. */
  void aggregate(Entry entry, AggregateShard shard) throws UnfitRecordException {
    isAt(
        entry,
        shard.getRunId(),
        LogKeys.shard(shard.getRunId(), shard.getKind(), shard.getShard()));
    boolean delta = shard.getKind() == ShardKind.DELTA;
    if (delta != (entry.topic() == Topic.AGGREGATES)) {
      throw misplaced(entry, "an aggregate of kind " + shard.getKind());
    }
    int all = run.shards().count(run.layout().size());
    block(entry, shard.getShard(), shard.getShards(), delta ? all : -all);
    round(shard.getRound(), run.lastRound());
    if (shard.getEncoding() != run.run().getEncoding().getAggregate()) {
      throw new UnfitRecordException(
          Reason.MALFORMED, "The run's aggregates are not in %s.", shard.getEncoding());
    }
    values(shard.getValueCount(), shard.getValues(), LogTensors.encoding(shard.getEncoding()));
    digest(shard.getDigest(), ContentDigest.of(shard));
  }

  /**
   * Whether an aggregate is that of a closed round.
   *
   * @param values length of the vector that it is a block of
   */
  void fits(AggregateShard shard, RoundClosed closed, int values) throws UnfitRecordException {
    Shards shards = run.shards();
    if (shard.getMaskVersion() != closed.getMaskVersion()) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "Mask %d was in force in round %d, not %d.",
          closed.getMaskVersion(),
          closed.getRound(),
          shard.getMaskVersion());
    }
    if (shard.getShards() != shards.count(values)
        || shard.getShard() >= shard.getShards()
        || shard.getValueCount() != shards.length(values, shard.getShard())) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "%d values in shard %d of %d are not a block of the round's %d values.",
          shard.getValueCount(),
          shard.getShard(),
          shard.getShards(),
          values);
    }
    long weight = 0;
    Set<String> contributors = new HashSet<>();
    for (Contributor contributor : closed.getContributors()) {
      weight += contributor.getWeight();
      contributors.add(contributor.getAgentId());
    }
    boolean same = shard.getContributions().size() == contributors.size();
    for (Contribution contribution : shard.getContributions()) {
      same &= contributors.remove(contribution.getAgentId());
    }
    if (!same || shard.getTotalWeight() != weight) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "The summands are not those that round %d closed with.",
          closed.getRound());
    }
  }

  void checkpoint(Entry entry, CheckpointShard shard) throws UnfitRecordException {
    isAt(entry, shard.getRunId(), LogKeys.checkpoint(shard.getRunId(), shard.getShard()));
    int values = run.layout().size();
    block(entry, shard.getShard(), shard.getShards(), -run.shards().count(values));
    round(shard.getRound(), run.lastRound() + 1);
    if (shard.getMaskVersion() != run.maskVersionIn(shard.getRound())) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "Round %d starts under mask %d, not %d.",
          shard.getRound(),
          run.maskVersionIn(shard.getRound()),
          shard.getMaskVersion());
    }
    values(shard.getValueCount(), shard.getValues(), Encoding.FLOAT32);
    if (shard.getValueCount() != run.shards().length(values, shard.getShard())) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "Shard %d of the model has %d values, not %d.",
          shard.getShard(),
          run.shards().length(values, shard.getShard()),
          shard.getValueCount());
    }
    if (shard.getAggregatePositions().size() != shardPartitions
        || shard.getAggregatePositions().stream().anyMatch(offset -> offset < 0)) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "There is not one position for each of the %d partitions of aggregates.",
          shardPartitions);
    }
    digest(shard.getDigest(), ContentDigest.of(shard));
  }

  void ledger(Entry entry, LedgerEntry event) throws UnfitRecordException {
    isAt(entry, event.getRunId(), run.id());
    switch (event.getEvent()) {
      case RoundOpened opened -> {
        round(opened.getRound(), run.lastRound());
        state(opened.getRound(), opened.getMaskVersion(), opened.getImportance());
      }
      case RoundClosed closed -> closed(closed);
      case RunFinished finished -> {
        if (finished.getDigest().hasRemaining()
            || finished.getPreviousDigest().hasRemaining()
            || finished.getEventsDigest().hasRemaining()
            || finished.getAggregatesDigest().hasRemaining()) {
          digest(finished.getDigest(), ContentDigest.of(run.id(), finished));
        }
      }
      case UpdateRejected rejected -> agent(rejected.getAgentId());
      case AgentAccepted accepted -> agent(accepted.getAgentId());
      default -> {}
    }
  }

  private void closed(RoundClosed closed) throws UnfitRecordException {
    round(closed.getRound(), run.lastRound());
    digest(closed.getDigest(), ContentDigest.of(run.id(), closed));
    state(closed.getRound(), closed.getMaskVersion(), closed.getImportance());
    int all = run.shards().count(run.layout().size());
    if (closed.getDeltaShards() < 1
        || closed.getDeltaShards() > all
        || closed.getImportanceShards() != (closed.getImportance() ? all : 0)) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "A round of the run does not have %d delta and %d importance shards.",
          closed.getDeltaShards(),
          closed.getImportanceShards());
    }
    String previous = "";
    for (Contributor contributor : closed.getContributors()) {
      if (contributor.getAgentId().compareTo(previous) <= 0 || contributor.getWeight() < 1) {
        throw new UnfitRecordException(
            Reason.MALFORMED, "Contributors have a weight, and come once and by their ids.");
      }
      previous = contributor.getAgentId();
    }
    if (previous.isEmpty()) {
      throw new UnfitRecordException(
          Reason.MALFORMED, "Round %d has no contributors.", closed.getRound());
    }
  }

  /** What follows from the definition for a round. */
  private void state(int round, int maskVersion, boolean importance) throws UnfitRecordException {
    if (maskVersion != run.maskVersionIn(round) || importance != run.uploadsIn(round)) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "Round %d is one under mask %d with%s importance.",
          round,
          run.maskVersionIn(round),
          run.uploadsIn(round) ? "" : "out");
    }
  }

  void submission(Entry entry, UpdateSubmitted submission) throws UnfitRecordException {
    isAt(entry, submission.getRunId(), run.id());
    agent(submission.getAgentId());
  }

  void metric(Entry entry, MetricEntry metric) throws UnfitRecordException {
    isAt(entry, metric.getRunId(), run.id());
    if (metric.getEvent() instanceof RoundEvaluated evaluated
        && (evaluated.getSamples() < 1
            || evaluated.getRound() < RunDefinition.INITIAL_PRUNING_ROUND
            || evaluated.getRound() > run.lastRound())) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "The run is not evaluated after round %d on %d samples.",
          evaluated.getRound(),
          evaluated.getSamples());
    }
  }

  // What many records have

  private void isAt(Entry entry, String runId, String key) throws UnfitRecordException {
    if (!runId.equals(run.id()) || !key.equals(entry.key())) {
      throw misplaced(entry, "a record of run " + runId);
    }
  }

  private static UnfitRecordException misplaced(Entry entry, String what) {
    return new UnfitRecordException(
        Reason.MISPLACED,
        "Under key %s in partition %d of %s lies %s.",
        entry.key(),
        entry.partition(),
        entry.topic().suffix(),
        what);
  }

  private static void digest(ByteBuffer claimed, ByteBuffer actual) throws UnfitRecordException {
    if (!claimed.equals(actual)) {
      throw new UnfitRecordException(
          Reason.DIGEST_MISMATCH, "The digest is not that of the content.");
    }
  }

  /**
   * @param most the largest number of blocks; below 0: exactly so many
   */
  private void block(Entry entry, int shard, int shards, int most) throws UnfitRecordException {
    if (shards < 1 || shards > Math.abs(most) || (most < 0 && shards != -most)) {
      throw new UnfitRecordException(
          Reason.MALFORMED, "A vector of the run is not cut into %d blocks.", shards);
    }
    if (shard < 0 || shard >= shards) {
      throw new UnfitRecordException(
          Reason.MALFORMED, "There is no block %d among %d.", shard, shards);
    }
    if (entry.partition() != LogKeys.shardPartition(shard, shardPartitions)) {
      throw misplaced(entry, "shard " + shard);
    }
  }

  private void values(int count, ByteBuffer values, Encoding encoding) throws UnfitRecordException {
    if (count < 1
        || count > run.run().getShardValues()
        || encoding.fault(values, count).isPresent()) {
      throw new UnfitRecordException(
          Reason.MALFORMED,
          "%d bytes are not the %d values of a block.",
          values.remaining(),
          count);
    }
  }

  private void round(int round, int last) throws UnfitRecordException {
    if (round < run.firstRound() || round > last) {
      throw new UnfitRecordException(
          Reason.MALFORMED, "The rounds are %d to %d, and not %d.", run.firstRound(), last, round);
    }
  }

  private static void agent(String agentId) throws UnfitRecordException {
    if (!LogKeys.isName(agentId)) {
      throw new UnfitRecordException(
          Reason.MALFORMED, "An agent is named by 1 to 64 of a-z, 0-9 and '-'.");
    }
  }
}
