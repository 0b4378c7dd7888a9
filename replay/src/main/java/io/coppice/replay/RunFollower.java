package io.coppice.replay;

import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAccepted;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Follows one run through the log and folds its model: ledger and masks from the run's beginning, the newest checkpoint, and
 * the aggregates after it. Whoever comes late, or comes back, catches up in this way. Used by one thread.
 */
public final class RunFollower implements AutoCloseable {

  /** A service has a follower for every run; more would be of little use to one, and fill the heap of many. */
  private static final int FETCH_BYTES = 4 << 20;

  /** Told of what happened in the run, in ledger order; by default nothing interests it. */
  public interface Listener {
    default void agentAccepted(AgentAccepted accepted) {}

    default void roundOpened(RoundOpened opened) {}

    default void updateRejected(UpdateRejected rejected) {}

    default void roundClosed(RoundClosed closed) {}

    default void runStopped(RunStopped stopped) {}

    default void runResumed(RunResumed resumed) {}

    default void runFinished(RunFinished finished) {}

    default void maskPublished(MaskPublished published) {}

    /** The follower's {@link #fold} has taken a round. */
    default void folded(FoldedRound round) {}

    /** A record of the run does not hold, and is left out; a warning has been logged. */
    default void ignored(IgnoredRecord record) {}
  }

  /** Which model the fold starts from. */
  public enum Start {
    /** The newest checkpoint: the quickest way to the present. */
    NEWEST_CHECKPOINT,
    /** The initial model, drawn from the run's seed: for those who check every round. */
    INITIAL_MODEL
  }

  private final RunDefinition run;
  private final IgnoredLog ignored;
  private final RunRecords records;
  private final LogReader reader;
  private final Listener listener;
  private final ModelFold fold;
  private final FoldDetail detail;
  private final Start start;
  private final int runPartition;
  private final List<AggregatePosition> aggregatePositions = new ArrayList<>();
  private Checkpoints.Collector checkpoints = new Checkpoints.Collector(this::isMaskKnown);
  private int newestCheckpointRound = Integer.MIN_VALUE;
  private long bytesRead;

  /**
   * Follows from the newest checkpoint on.
   *
   * @param detail what the listener is told of a folded round; importance and submissions are read for decisions only
   */
  public RunFollower(
      ClusterConfig cluster,
      LogSerdes serdes,
      RunDefinition run,
      FoldDetail detail,
      Listener listener) {
    this(cluster, serdes, run, detail, Start.NEWEST_CHECKPOINT, listener);
  }

  /**
   * @param detail what the listener is told of a folded round; importance and submissions are read for decisions only
   */
  public RunFollower(
      ClusterConfig cluster,
      LogSerdes serdes,
      RunDefinition run,
      FoldDetail detail,
      Start start,
      Listener listener) {
    this(cluster, serdes, run, detail, start, Integer.MAX_VALUE, listener);
  }

  /**
   * @param detail what the listener is told of a folded round
   * @param lastRound the fold ends after this round, and no more aggregates are read
   */
  RunFollower(
      ClusterConfig cluster,
      LogSerdes serdes,
      RunDefinition run,
      FoldDetail detail,
      Start start,
      int lastRound,
      Listener listener) {
    this.run = run;
    this.listener = listener;
    this.detail = detail;
    this.reader = new LogReader(cluster, FETCH_BYTES);
    this.ignored = new IgnoredLog(listener::ignored);
    int shardPartitions = reader.partitions(Topic.AGGREGATES);
    this.records = new RunRecords(serdes, run, shardPartitions, ignored);
    this.fold =
        new ModelFold(
            run,
            detail,
            lastRound,
            new RecordChecks(run, shardPartitions),
            listener::folded,
            ignored);
    this.runPartition = LogKeys.runPartition(run.id(), reader.partitions(Topic.ROUNDS));
    this.start = start;
    long since = run.searchedSince();
    reader.followSince(Topic.ROUNDS, runPartition, since);
    reader.followSince(Topic.MASKS, runPartition, since);
    if (start == Start.NEWEST_CHECKPOINT) {
      reader.followSince(Topic.CHECKPOINTS, since);
    }
  }

  /** The model. */
  public ModelFold fold() {
    return fold;
  }

  /** The run. */
  public RunDefinition run() {
    return run;
  }

  /** Round of the newest complete checkpoint that was read; {@link Integer#MIN_VALUE} if there is none. */
  public int newestCheckpointRound() {
    return newestCheckpointRound;
  }

  /** For every partition of aggregates, the offset from which the aggregates of rounds not yet folded are found. */
  public List<Long> aggregatePositions() {
    return aggregatePositions.stream().map(p -> p.from(fold.nextRound())).toList();
  }

  /** Bytes of aggregates, masks and checkpoints read for this run so far. */
  public long bytesRead() {
    return bytesRead;
  }

  /** Records of the followed partitions, be they of this run or another, that are not read yet; as of the last poll. */
  public long lag() {
    return reader.lag();
  }

  /** Whether everything that the log held of the run when the follower started has been read, be it a model or not yet. */
  public boolean hasReadHistory() {
    return reader.hasReachedEnd();
  }

  /** Whether there is a model and everything that the log held when the follower started has been folded. */
  public boolean isCaughtUp() {
    return fold.hasModel() && hasReadHistory();
  }

  /** Reads and folds what is there; waits up to a time if there is nothing. */
  public void poll(Duration atMost) {
    for (Entry entry : reader.poll(atMost)) {
      if (isOfRun(entry)) {
        take(entry);
      }
    }
    if (!fold.hasModel()) {
      checkpoints.latestId().ifPresent(id -> fold.forgetBefore(id.round(), id.maskVersion()));
      if (reader.hasReachedEnd(Topic.CHECKPOINTS) && reader.hasReachedEnd(Topic.MASKS)) {
        startPoint().ifPresent(this::startFrom);
      }
    }
    if (fold.hasEnded()) {
      reader.unfollow(Topic.AGGREGATES);
    }
    aggregatePositions.forEach(position -> position.forgetBefore(fold.nextRound()));
  }

  private boolean isOfRun(Entry entry) {
    return LogKeys.isOfRun(entry.key(), run.id());
  }

  private void take(Entry entry) {
    switch (entry.topic()) {
      case ROUNDS -> records.ledger(entry).ifPresent(this::takeLedger);
      case MASKS -> {
        count(entry);
        records
            .mask(entry)
            .ifPresent(
                published -> {
                  listener.maskPublished(published);
                  fold.onMask(published);
                });
      }
      case SUBMISSIONS -> records.submission(entry).ifPresent(fold::onSubmission);
      case CHECKPOINTS -> {
        count(entry);
        records
            .checkpoint(entry)
            .filter(shard -> !checkpoints.add(shard))
            .ifPresent(shard -> ignored.ignored(otherCheckpoint(entry, shard)));
      }
      case AGGREGATES, IMPORTANCE -> {
        count(entry);
        records.aggregate(entry).ifPresent(shard -> takeAggregate(entry, shard));
      }
      default -> throw new IllegalStateException("not followed: " + entry.topic());
    }
  }

  private void count(Entry entry) {
    bytesRead += entry.value() == null ? 0 : entry.value().length;
  }

  private void takeAggregate(Entry entry, AggregateShard shard) {
    if (entry.topic() == Topic.AGGREGATES) {
      aggregatePositions.get(entry.partition()).read(shard.getRound(), entry.offset());
    }
    fold.onAggregate(shard, LogPosition.of(entry));
  }

  private static IgnoredRecord otherCheckpoint(Entry entry, CheckpointShard shard) {
    return new IgnoredRecord(
        LogPosition.of(entry),
        IgnoredRecord.Reason.DUPLICATE,
        "Shard "
            + shard.getShard()
            + " of the checkpoint before round "
            + shard.getRound()
            + " is there already.");
  }

  private void takeLedger(LedgerEntry entry) {
    switch (entry.getEvent()) {
      case RoundOpened opened -> listener.roundOpened(opened);
      case UpdateRejected rejected -> listener.updateRejected(rejected);
      case RoundClosed closed -> {
        listener.roundClosed(closed);
        fold.onClosed(closed);
      }
      case RunStopped stopped -> listener.runStopped(stopped);
      case RunResumed resumed -> listener.runResumed(resumed);
      case RunFinished finished -> listener.runFinished(finished);
      case AgentAccepted accepted -> listener.agentAccepted(accepted);
      case RunAccepted accepted -> {}
      default ->
          throw new IllegalStateException("unknown ledger event " + entry.getEvent().getClass());
    }
  }

  private boolean isMaskKnown(int version) {
    return fold.mask(version) != null;
  }

  /** Empty as long as the mask is not there that the run starts from. */
  private Optional<Checkpoints.Checkpoint> startPoint() {
    if (fold.newestMask() == null) {
      return Optional.empty();
    }
    return start == Start.NEWEST_CHECKPOINT
        ? checkpoints.latest().or(this::initialModel)
        : initialModel();
  }

  /** Also where the log has lost its checkpoints: the aggregates lead from there to the same model. */
  private Optional<Checkpoints.Checkpoint> initialModel() {
    List<Long> beginnings = Collections.nCopies(reader.partitions(Topic.AGGREGATES), 0L);
    return Optional.of(
        new Checkpoints.Checkpoint(run.firstRound(), 0, run.initialParameters(), beginnings));
  }

  private void startFrom(Checkpoints.Checkpoint checkpoint) {
    reader.unfollow(Topic.CHECKPOINTS);
    checkpoints = null;
    newestCheckpointRound = checkpoint.round();
    checkpoint
        .aggregatePositions()
        .forEach(from -> aggregatePositions.add(new AggregatePosition(from)));
    reader.followFrom(Topic.AGGREGATES, checkpoint.aggregatePositions());
    if (detail == FoldDetail.DECISIONS) {
      long since = run.searchedSince();
      reader.followSince(Topic.IMPORTANCE, since);
      reader.followSince(Topic.SUBMISSIONS, runPartition, since);
    }
    fold.restore(checkpoint.round(), checkpoint.maskVersion(), checkpoint.parameters());
  }

  /** Where in one partition the aggregates of a round begin; within a run, rounds lie in order. */
  private static final class AggregatePosition {
    private record Read(int round, long offset) {}

    private final ArrayDeque<Read> unfolded = new ArrayDeque<>();
    private long behindLast;

    AggregatePosition(long from) {
      behindLast = from;
    }

    void read(int round, long offset) {
      unfolded.add(new Read(round, offset));
      behindLast = offset + 1;
    }

    void forgetBefore(int round) {
      while (!unfolded.isEmpty() && unfolded.getFirst().round() < round) {
        unfolded.removeFirst();
      }
    }

    long from(int round) {
      forgetBefore(round);
      return unfolded.isEmpty() ? behindLast : unfolded.getFirst().offset();
    }
  }

  @Override
  public void close() {
    reader.close();
  }
}
