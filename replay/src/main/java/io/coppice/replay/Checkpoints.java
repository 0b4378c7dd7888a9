package io.coppice.replay;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Shards;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/** Models to and from {@link CheckpointShard} records. */
public final class Checkpoints {

  private static final Duration POLL = Duration.ofMillis(250);

  private Checkpoints() {}

  /**
   * Cuts a model into the records of a checkpoint.
   *
   * @param round the round that starts from the model
   * @param parameters all parameters in layout order
   * @param aggregatePositions for every partition of aggregates, the offset from which later aggregates are found
   */
  public static List<CheckpointShard> cut(
      RunDefinition run,
      int round,
      int maskVersion,
      float[] parameters,
      List<Long> aggregatePositions) {
    Shards shards = run.shards();
    int count = shards.count(parameters.length);
    List<CheckpointShard> records = new ArrayList<>();
    for (int s = 0; s < count; s++) {
      int length = shards.length(parameters.length, s);
      CheckpointShard record =
          CheckpointShard.newBuilder()
              .setRunId(run.id())
              .setRound(round)
              .setMaskVersion(maskVersion)
              .setShard(s)
              .setShards(count)
              .setValueCount(length)
              .setValues(Encoding.FLOAT32.encode(parameters, shards.from(s), length))
              .setAggregatePositions(aggregatePositions)
              .setDigest(ByteBuffer.allocate(0))
              .build();
      record.setDigest(ContentDigest.of(record));
      records.add(record);
    }
    return records;
  }

  /**
   * The complete checkpoint of the latest round that the log holds of a run now; empty before the first. What is no checkpoint of
   * the run is warned of.
   */
  public static Optional<Checkpoint> newest(
      ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    Collector found = new Collector();
    try (LogReader reader = new LogReader(cluster)) {
      RunRecords records =
          new RunRecords(serdes, run, reader.partitions(Topic.AGGREGATES), new IgnoredLog());
      reader.followSince(Topic.CHECKPOINTS, run.since());
      while (!reader.hasReachedEnd()) {
        for (LogReader.Entry entry : reader.poll(POLL)) {
          if (LogKeys.isOfRun(entry.key(), run.id())) {
            records.checkpoint(entry).ifPresent(shard -> found.add(shard));
          }
        }
      }
    }
    return found.latest();
  }

  /** A whole checkpoint. */
  public record Checkpoint(
      int round, int maskVersion, float[] parameters, List<Long> aggregatePositions) {}

  /** Puts checkpoints together from shards that come in any order. */
  public static final class Collector {
    /** By round and mask version, the shards by index: a checkpoint may be in the log twice. */
    private final Map<List<Integer>, SortedMap<Integer, CheckpointShard>> shards = new HashMap<>();

    /**
     * Takes a shard; the first one of its place counts.
     *
     * @return false if there is another one in its place; the same one may come again
     */
    public boolean add(CheckpointShard shard) {
      CheckpointShard before =
          shards
              .computeIfAbsent(
                  List.of(shard.getRound(), shard.getMaskVersion()), k -> new TreeMap<>())
              .putIfAbsent(shard.getShard(), shard);
      return before == null || before.getDigest().equals(shard.getDigest());
    }

    /** The complete checkpoint of the latest round, if there is any. */
    public Optional<Checkpoint> latest() {
      return latest(maskVersion -> true);
    }

    /**
     * The complete checkpoint of the latest round, if there is any.
     *
     * @param maskKnown of the masks of what versions a checkpoint may be
     */
    public Optional<Checkpoint> latest(IntPredicate maskKnown) {
      return shards.values().stream()
          .map(found -> List.copyOf(found.values()))
          .filter(found -> found.size() == found.getFirst().getShards())
          .filter(found -> maskKnown.test(found.getFirst().getMaskVersion()))
          .max(Comparator.comparingInt(found -> found.getFirst().getRound()))
          .map(Collector::join);
    }

    private static Checkpoint join(List<CheckpointShard> found) {
      float[] parameters = new float[found.stream().mapToInt(CheckpointShard::getValueCount).sum()];
      int next = 0;
      for (CheckpointShard shard : found) {
        Encoding.FLOAT32.decode(shard.getValues(), parameters, next, shard.getValueCount());
        next += shard.getValueCount();
      }
      CheckpointShard first = found.getFirst();
      return new Checkpoint(
          first.getRound(), first.getMaskVersion(), parameters, first.getAggregatePositions());
    }
  }
}
