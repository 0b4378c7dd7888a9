package io.coppice.replay;

import io.coppice.replay.IgnoredRecord.Reason;
import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.MetricEntry;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateSubmitted;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;

/**
 * The records of one run for those who follow it: decoded where they hold, and told of and left out where they do not. Each
 * partition's records must come in the order in which they lie there. Used by one thread.
 */
public final class RunRecords {

  /** What is found out about a decoded record. */
  @FunctionalInterface
  private interface Check<T> {
    void check(T record) throws UnfitRecordException;
  }

  private final LogSerdes serdes;
  private final IgnoredRecord.Listener ignored;
  private final RecordChecks checks;
  private final LedgerOrder ledger;
  private int nextMask;

  /**
   * @param shardPartitions partitions that the topics by shard have
   * @param ignored told of every record that is left out
   */
  public RunRecords(
      LogSerdes serdes, RunDefinition run, int shardPartitions, IgnoredRecord.Listener ignored) {
    this.serdes = serdes;
    this.ignored = ignored;
    this.checks = new RecordChecks(run, shardPartitions);
    this.ledger = new LedgerOrder(run);
  }

  /** The same for who reads nothing of the topics by shard. */
  public RunRecords(LogSerdes serdes, RunDefinition run, IgnoredRecord.Listener ignored) {
    this(serdes, run, 1, ignored);
  }

  /** An entry of the ledger that follows the one before it. */
  public Optional<LedgerEntry> ledger(Entry entry) {
    return read(
        entry,
        serdes.rounds,
        event -> {
          checks.ledger(entry, event);
          ledger.take(event);
        });
  }

  /** The mask of the next version. */
  public Optional<MaskPublished> mask(Entry entry) {
    return read(
        entry,
        serdes.masks,
        mask -> {
          checks.mask(entry, mask);
          if (mask.getVersion() != nextMask) {
            throw new UnfitRecordException(
                mask.getVersion() < nextMask ? Reason.DUPLICATE : Reason.OUT_OF_ORDER,
                "Mask %d comes next, not %d.",
                nextMask,
                mask.getVersion());
          }
          nextMask++;
        });
  }

  /** A shard of an aggregate or of aggregated importance; whether it is that of its round is for the {@link ModelFold} to say. */
  public Optional<AggregateShard> aggregate(Entry entry) {
    return read(entry, serdes.aggregates, shard -> checks.aggregate(entry, shard));
  }

  /** A shard of a checkpoint. */
  public Optional<CheckpointShard> checkpoint(Entry entry) {
    return read(entry, serdes.checkpoints, shard -> checks.checkpoint(entry, shard));
  }

  /** A submission, be it admitted or not; its signature is not looked at. */
  public Optional<UpdateSubmitted> submission(Entry entry) {
    return read(entry, serdes.submissions, submission -> checks.submission(entry, submission));
  }

  /** An observation. */
  public Optional<MetricEntry> metric(Entry entry) {
    return read(entry, serdes.metrics, metric -> checks.metric(entry, metric));
  }

  private <T extends SpecificRecord> Optional<T> read(
      Entry entry, RecordSerde<T> serde, Check<T> check) {
    try {
      T record = decode(entry, serde);
      check.check(record);
      return Optional.of(record);
    } catch (UnfitRecordException e) {
      ignored.ignored(ignored(entry, e));
      return Optional.empty();
    }
  }

  /** A record that holds no more than its schema. */
  static <T extends SpecificRecord> T decode(Entry entry, RecordSerde<T> serde)
      throws UnfitRecordException {
    if (entry.value() == null) {
      throw new UnfitRecordException(Reason.UNDECODABLE, "The record has no value.");
    }
    try {
      return serde.deserialize(entry.topic().suffix(), entry.value());
    } catch (SerializationException e) {
      throw new UnfitRecordException(Reason.UNDECODABLE, "The record is %s.", e.getMessage());
    }
  }

  static IgnoredRecord ignored(Entry entry, UnfitRecordException why) {
    return new IgnoredRecord(LogPosition.of(entry), why.reason(), why.getMessage());
  }

  /**
   * A run's definition that can be followed, as it lies in {@link Topic#RUNS}.
   *
   * @param runPartitions partitions that the topics by run have
   * @param ignored told if it cannot
   */
  public static Optional<RunDefinition> definition(
      Entry entry, LogSerdes serdes, int runPartitions, IgnoredRecord.Listener ignored) {
    try {
      RunDefinition found = followed(entry, serdes);
      RecordChecks.definition(entry, found, runPartitions);
      return Optional.of(found);
    } catch (UnfitRecordException e) {
      ignored.ignored(ignored(entry, e));
      return Optional.empty();
    }
  }

  private static RunDefinition followed(Entry entry, LogSerdes serdes) throws UnfitRecordException {
    try {
      return RunDefinition.of(decode(entry, serdes.runs), entry.timestamp());
    } catch (IllegalArgumentException e) {
      throw new UnfitRecordException(Reason.MALFORMED, "%s", e.getMessage());
    }
  }
}
