package io.coppice.console.audit;

import io.coppice.learning.aggregation.WeightedSum;
import io.coppice.replay.LogReader;
import io.coppice.replay.LogReader.Entry;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateShard;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** Recomputes aggregates, one partition after the other, reading updates and aggregates side by side. */
final class AggregateVerifier {

  private static final Duration POLL = Duration.ofMillis(250);

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final RunDefinition run;
  private final SortedMap<Integer, RoundClosed> closed;
  private int shards;
  private long updateBytes;

  AggregateVerifier(
      ClusterConfig cluster,
      LogSerdes serdes,
      RunDefinition run,
      SortedMap<Integer, RoundClosed> closed) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.run = run;
    this.closed = closed;
  }

  int shards() {
    return shards;
  }

  long updateBytes() {
    return updateBytes;
  }

  /**
   * Verifies all aggregates of a topic.
   *
   * @throws Violation at the first that does not hold
   */
  void verify(Topic topic) {
    Set<String> seen = new HashSet<>();
    int partitions;
    try (LogReader reader = new LogReader(cluster)) {
      partitions = reader.partitions(topic);
    }
    for (int p = 0; p < partitions; p++) {
      verify(topic, p, seen);
    }
    for (RoundClosed round : closed.values()) {
      int expected =
          topic == Topic.AGGREGATES ? round.getDeltaShards() : round.getImportanceShards();
      for (int s = 0; s < expected; s++) {
        if (!seen.contains(round.getRound() + "/" + s)) {
          throw new Violation(
              String.format(
                  "Round %d is closed, but %s lacks its shard %d.",
                  round.getRound(), topic.suffix(), s));
        }
      }
    }
  }

  private void verify(Topic topic, int partition, Set<String> seen) {
    try (LogReader aggregates = new LogReader(cluster);
        LogReader updates = new LogReader(cluster)) {
      aggregates.followSince(topic, partition, run.since());
      updates.followSince(Topic.UPDATES, partition, run.since());
      UpdateWindow window = new UpdateWindow(updates);
      while (!aggregates.hasReachedEnd()) {
        for (Entry entry : aggregates.poll(POLL)) {
          if (entry.key() != null && entry.key().startsWith(run.id() + "/")) {
            AggregateShard aggregate = serdes.aggregates.deserialize(topic.suffix(), entry.value());
            if (!seen.add(aggregate.getRound() + "/" + aggregate.getShard())) {
              throw Violation.at(entry, "this aggregate is there a second time.");
            }
            verify(entry, aggregate, window);
          }
        }
      }
    }
  }

  private void verify(Entry entry, AggregateShard aggregate, UpdateWindow window) {
    RoundClosed round = closed.get(aggregate.getRound());
    if (round == null) {
      throw Violation.at(entry, "round " + aggregate.getRound() + " is not closed.");
    }
    if (!aggregate.getDigest().equals(ContentDigest.of(aggregate))) {
      throw Violation.at(entry, "the digest is not that of the content.");
    }
    Map<String, Long> weights =
        round.getContributors().stream()
            .collect(Collectors.toMap(Contributor::getAgentId, Contributor::getWeight));
    Set<String> summed =
        aggregate.getContributions().stream()
            .map(Contribution::getAgentId)
            .collect(Collectors.toSet());
    if (!summed.equals(weights.keySet()) || summed.size() != aggregate.getContributions().size()) {
      throw Violation.at(entry, "its contributions are not the round's contributors.");
    }
    WeightedSum sum = new WeightedSum(aggregate.getValueCount());
    long totalWeight = weights.values().stream().mapToLong(Long::longValue).sum();
    for (Contribution contribution : aggregate.getContributions()) {
      UpdateShard update = window.take(entry, contribution.getOffset());
      checkBelongs(entry, aggregate, contribution, update);
      float[] values = new float[update.getValueCount()];
      LogTensors.encoding(update.getEncoding())
          .decode(update.getValues(), values, 0, values.length);
      updateBytes += update.getValues().remaining();
      boolean delta = aggregate.getKind() == ShardKind.DELTA;
      sum.add(values, delta ? weights.get(contribution.getAgentId()) : 1);
    }
    float[] result = sum.dividedBy(aggregate.getKind() == ShardKind.DELTA ? totalWeight : 1);
    boolean same =
        aggregate.getTotalWeight() == totalWeight
            && LogTensors.encoding(aggregate.getEncoding())
                .encode(result, 0, result.length)
                .equals(aggregate.getValues());
    if (!same) {
      throw Violation.at(entry, "the values are not the sum of the contributions.");
    }
    shards++;
  }

  private void checkBelongs(
      Entry entry, AggregateShard aggregate, Contribution contribution, UpdateShard update) {
    boolean belongs =
        update.getRunId().equals(run.id())
            && update.getRound() == aggregate.getRound()
            && update.getKind() == aggregate.getKind()
            && update.getShard() == aggregate.getShard()
            && update.getMaskVersion() == aggregate.getMaskVersion()
            && update.getAgentId().equals(contribution.getAgentId())
            && update.getValueCount() == aggregate.getValueCount();
    if (!belongs) {
      throw Violation.at(
          entry,
          String.format(
              "the contribution of %s at updates-%d@%d is another shard's.",
              contribution.getAgentId(), entry.partition(), contribution.getOffset()));
    }
  }

  /** The updates of one partition, read once and kept until they are summed or their round is over. */
  private final class UpdateWindow {
    private final LogReader reader;
    private final Map<Long, UpdateShard> waiting = new HashMap<>();
    private final Queue<Entry> unread = new ArrayDeque<>();
    private int round = Integer.MIN_VALUE;

    UpdateWindow(LogReader reader) {
      this.reader = reader;
    }

    UpdateShard take(Entry aggregate, long offset) {
      while (!waiting.containsKey(offset) && (!unread.isEmpty() || !reader.hasReachedEnd())) {
        if (unread.isEmpty()) {
          unread.addAll(reader.poll(POLL));
        } else {
          keep(unread.remove());
        }
      }
      UpdateShard update = waiting.remove(offset);
      if (update == null) {
        throw Violation.at(
            aggregate,
            "the contribution at updates-"
                + aggregate.partition()
                + "@"
                + offset
                + " is not in the log.");
      }
      if (update.getRound() > round) {
        round = update.getRound();
        waiting
            .values()
            .removeIf(other -> other.getRound() < round); // rejected ones of rounds that are over
      }
      return update;
    }

    private void keep(Entry entry) {
      if (entry.key() == null || !entry.key().startsWith(run.id() + "/")) {
        return;
      }
      try {
        waiting.put(
            entry.offset(), serdes.updates.deserialize(entry.topic().suffix(), entry.value()));
      } catch (org.apache.kafka.common.errors.SerializationException e) {
        // Anybody may write an update; one that cannot be read was rejected.
        waiting.remove(entry.offset());
      }
    }
  }
}
