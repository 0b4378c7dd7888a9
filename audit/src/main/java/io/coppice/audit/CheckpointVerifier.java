package io.coppice.audit;

import io.coppice.learning.encoding.Encoding;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.Topic;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Compares checkpoints with the model that the aggregates fold to. */
final class CheckpointVerifier implements AutoCloseable {

  private final RunDefinition run;
  private final int firstRound;
  private final List<PeekingCursor> partitions = new ArrayList<>();

  /** Checkpoints whose positions in aggregates are still to be looked at. */
  private final List<Position> positions = new ArrayList<>();

  private record Position(LogRecord record, CheckpointShard shard) {}

  /**
   * @param firstRound checkpoints of earlier rounds are passed over
   */
  CheckpointVerifier(EvidenceSource source, RunDefinition run, int firstRound) {
    this.run = run;
    this.firstRound = firstRound;
    for (int p = 0; p < source.partitions(Topic.CHECKPOINTS); p++) {
      partitions.add(new PeekingCursor(source.read(run, Topic.CHECKPOINTS, p)));
    }
  }

  /**
   * Verifies the checkpoints of a round under a mask version.
   *
   * @param round the round that starts from the model
   * @param parameters all parameters in layout order
   * @return how many shards there were
   * @throws Violation at the first shard that does not hold
   */
  int verify(int round, int maskVersion, float[] parameters) {
    int shards = 0;
    for (PeekingCursor partition : partitions) {
      for (var next = partition.peek(); next.isPresent(); next = partition.peek()) {
        CheckpointShard shard = PeekingCursor.value(next.get(), CheckpointShard.class);
        if (shard.getRound() > round
            || (shard.getRound() == round && shard.getMaskVersion() > maskVersion)) {
          break;
        }
        if (shard.getRound() >= firstRound) {
          check(next.get(), shard, round, maskVersion, parameters);
          positions.add(new Position(next.get(), shard));
          shards++;
        }
        partition.next();
      }
    }
    return shards;
  }

  /**
   * Checks a shard by itself, without the model that it is of.
   *
   * @param partitions of the topics by shard
   * @throws Violation if it is not one of the run's model
   */
  static void check(LogRecord record, CheckpointShard shard, RunDefinition run, int partitions) {
    if (!shard.getDigest().equals(ContentDigest.of(shard))) {
      throw Violation.at(record, "digest", "it is not that of the content.");
    }
    int values = run.layout().size();
    int shards = run.shards().count(values);
    int index = shard.getShard();
    if (!shard.getRunId().equals(run.id())
        || shard.getShards() != shards
        || index < 0
        || index >= shards
        || LogKeys.shardPartition(index, partitions) != record.partition()
        || shard.getValueCount() != run.shards().length(values, index)
        || shard.getValues().remaining() != shard.getValueCount() * Float.BYTES
        || shard.getAggregatePositions().size() != partitions) {
      throw Violation.at(record, "shard", "shard and counts are not those of the run's model.");
    }
    if (shard.getAggregatePositions().stream().anyMatch(position -> position < 0)) {
      throw Violation.at(record, "aggregatePositions", "offsets are not negative.");
    }
    int round = shard.getRound();
    if (round < run.firstRound()
        || round > run.lastRound() + 1
        || shard.getMaskVersion() < 0
        || shard.getMaskVersion() > run.maskVersionIn(round)) {
      throw Violation.at(
          record,
          "round",
          String.format(
              "the run has no round %d that starts under mask %d.", round, shard.getMaskVersion()));
    }
  }

  private void check(
      LogRecord record, CheckpointShard shard, int round, int maskVersion, float[] parameters) {
    check(record, shard, run, partitions.size());
    if (shard.getRound() != round || shard.getMaskVersion() != maskVersion) {
      throw Violation.at(
          record,
          "round",
          String.format(
              "a checkpoint before round %d under mask %d has no place here, before round %d under mask %d.",
              shard.getRound(), shard.getMaskVersion(), round, maskVersion));
    }
    int index = shard.getShard();
    ByteBuffer due =
        Encoding.FLOAT32.encode(parameters, run.shards().from(index), shard.getValueCount());
    int differs = due.mismatch(shard.getValues());
    if (differs >= 0) {
      throw Violation.at(
          record,
          "values",
          String.format(
              "value %d is not that of the model that the aggregates add up to.",
              differs / Float.BYTES));
    }
  }

  /**
   * Verifies where checkpoints say that the aggregates go on, once it is known.
   *
   * @param round the round whose aggregates were read
   * @param firstOffsets for every partition of aggregates, that of the round's first record
   * @throws Violation if a checkpoint would have its reader miss one
   */
  void verifyPositions(int round, List<OptionalLong> firstOffsets) {
    for (Position position : positions) {
      if (position.shard().getRound() > round) {
        continue;
      }
      for (int p = 0; p < firstOffsets.size(); p++) {
        long said = position.shard().getAggregatePositions().get(p);
        if (firstOffsets.get(p).isPresent() && said > firstOffsets.get(p).getAsLong()) {
          throw Violation.at(
              position.record(),
              "aggregatePositions[" + p + "]",
              String.format(
                  "it is %d, but the aggregates go on at %d.",
                  said, firstOffsets.get(p).getAsLong()));
        }
      }
    }
    positions.removeIf(position -> position.shard().getRound() <= round);
  }

  /**
   * Checks that there are no checkpoints behind those that were verified.
   *
   * @throws Violation at the first
   */
  void checkEnd() {
    for (PeekingCursor partition : partitions) {
      Optional<LogRecord> more = partition.peek();
      if (more.isPresent()) {
        throw Violation.at(more.get(), "", "it is behind the last checkpoint of the run.");
      }
    }
  }

  @Override
  public void close() {
    partitions.forEach(PeekingCursor::close);
  }
}
