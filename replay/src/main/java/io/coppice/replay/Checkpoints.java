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

  /**
   * Which checkpoint of a run it is; ordered by time.
   *
   * @param round the round that starts from it
   * @param maskVersion of the mask that was in force
   */
  public record Id(int round, int maskVersion) implements Comparable<Id> {

    /** Of which checkpoint a shard is. */
    public static Id of(CheckpointShard shard) {
      return new Id(shard.getRound(), shard.getMaskVersion());
    }

    @Override
    public int compareTo(Id other) {
      return Comparator.comparingInt(Id::round)
          .thenComparingInt(Id::maskVersion)
          .compare(this, other);
    }
  }

  /**
   * Puts the latest checkpoint together from shards that come in any order. Of what is older than one that is complete only
   * digests are kept, so that a run may have as many checkpoints as it likes.
   */
  public static final class Collector {
    private final IntPredicate maskKnown;

    /** Of all shards that were taken, by index: a checkpoint may be in the log twice. */
    private final Map<Id, Map<Integer, ByteBuffer>> digests = new HashMap<>();

    private final TreeMap<Id, SortedMap<Integer, CheckpointShard>> shards = new TreeMap<>();

    /** The latest that was found to be complete; null before the first. */
    private Id latest;

    /** For whoever takes a checkpoint of any mask. */
    public Collector() {
      this(maskVersion -> true);
    }

    /**
     * @param maskKnown of the masks of what versions a checkpoint may be; asked again as long as it says no
     */
    Collector(IntPredicate maskKnown) {
      this.maskKnown = maskKnown;
    }

    /**
     * Takes a shard; the first one of its place counts.
     *
     * @return false if there is another one in its place; the same one may come again
     */
    public boolean add(CheckpointShard shard) {
      Id id = Id.of(shard);
      ByteBuffer before =
          digests
              .computeIfAbsent(id, k -> new HashMap<>())
              .putIfAbsent(shard.getShard(), shard.getDigest());
      if (before != null) {
        return before.equals(shard.getDigest());
      }
      if (latest == null || id.compareTo(latest) > 0) {
        shards.computeIfAbsent(id, k -> new TreeMap<>()).put(shard.getShard(), shard);
        if (isComplete(id)) {
          forgetWhatIsOlder();
        }
      }
      return true;
    }

    private boolean isComplete(Id id) {
      SortedMap<Integer, CheckpointShard> found = shards.get(id);
      return found.size() == found.values().iterator().next().getShards();
    }

    private void forgetWhatIsOlder() {
      shards.descendingKeySet().stream()
          .filter(this::isComplete)
          .filter(id -> maskKnown.test(id.maskVersion()))
          .findFirst()
          .ifPresent(
              id -> {
                latest = id;
                shards.headMap(id).clear();
              });
    }

    /** The complete checkpoint of the latest round, without its parameters, if there is any. */
    Optional<Id> latestId() {
      forgetWhatIsOlder();
      return Optional.ofNullable(latest);
    }

    /** The complete checkpoint of the latest round, if there is any. */
    public Optional<Checkpoint> latest() {
      return latestId().map(id -> join(List.copyOf(shards.get(id).values())));
    }

    /** Number of shards that are kept now. */
    int size() {
      return shards.values().stream().mapToInt(SortedMap::size).sum();
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
