package io.coppice.aggregator;

import io.coppice.aggregator.observe.Telemetry;
import io.coppice.aggregator.rounds.RoundCoordinator;
import io.coppice.aggregator.shards.ShardAggregator;
import io.coppice.aggregator.shards.UpdateLog;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.StreamPartitioner;

/**
 * The aggregator's topology: two sub-topologies that speak to each other through topics only.
 *
 * <pre>
 *   updates ----+                                    +--&gt; aggregates, importance
 *               +--&gt; shard aggregator (by shard) ----+
 *   closes -----+                                    +--&gt; checks, digests
 *
 *   runs, commands, agents --+                                +--&gt; rounds
 *   masks, submissions ------+--&gt; round coordinator (by run) --+--&gt; closes (to all partitions)
 *   checks, digests, ticks --+                                +--&gt; ticks
 * </pre>
 *
 * <p>Values are decoded inside the processors, so that garbage becomes an entry in {@code rejects} and stops nobody.
 */
public final class AggregatorTopology {

  private AggregatorTopology() {}

  /**
   * Builds the topology.
   *
   * @param prefix what every topic's name begins with
   * @param partitions partitions that the topics by shard and by run have
   * @param updateLogs how a task of the shard aggregator reads records again; one log a task
   * @param tickInterval wall-clock time between two ticks of a run that waits for a deadline
   * @param telemetry is told what the instance does
   */
  public static Topology build(
      String prefix,
      LogSerdes serdes,
      Sizing partitions,
      Supplier<? extends UpdateLog> updateLogs,
      Duration tickInterval,
      Telemetry telemetry) {
    Deserializer<byte[]> raw = new ByteArrayDeserializer();
    Serializer<byte[]> key = new ByteArraySerializer();
    String closes = Topic.CLOSES.name(prefix);
    Topology topology = new Topology();

    topology
        .addSource("shard-inputs", raw, raw, Topic.UPDATES.name(prefix), closes)
        .addProcessor(
            "shard-aggregator",
            () ->
                new ShardAggregator(
                    serdes,
                    closes,
                    partitions.shardPartitions(),
                    updateLogs,
                    ShardAggregator.DEFAULT_ROOM,
                    telemetry),
            "shard-inputs")
        .addStateStore(ShardAggregator.store(), "shard-aggregator")
        .addSink(
            ShardAggregator.AGGREGATES,
            Topic.AGGREGATES.name(prefix),
            key,
            serdes.aggregates,
            byShard(),
            "shard-aggregator")
        .addSink(
            ShardAggregator.IMPORTANCE,
            Topic.IMPORTANCE.name(prefix),
            key,
            serdes.aggregates,
            byShard(),
            "shard-aggregator")
        .addSink(
            ShardAggregator.CHECKS,
            Topic.CHECKS.name(prefix),
            key,
            serdes.checks,
            "shard-aggregator")
        .addSink(
            ShardAggregator.DIGESTS,
            Topic.DIGESTS.name(prefix),
            key,
            serdes.digests,
            "shard-aggregator")
        .addSink(
            ShardAggregator.REJECTS,
            Topic.REJECTS.name(prefix),
            key,
            serdes.rejects,
            "shard-aggregator");

    topology
        .addSource(
            "run-inputs",
            raw,
            raw,
            Topic.RUNS.name(prefix),
            Topic.COMMANDS.name(prefix),
            Topic.AGENTS.name(prefix),
            Topic.MASKS.name(prefix),
            Topic.SUBMISSIONS.name(prefix),
            Topic.CHECKS.name(prefix),
            Topic.DIGESTS.name(prefix),
            Topic.TICKS.name(prefix))
        .addProcessor(
            "round-coordinator",
            () -> new RoundCoordinator(serdes, prefix, partitions, tickInterval, telemetry),
            "run-inputs")
        .addStateStore(RoundCoordinator.store(), "round-coordinator")
        .addSink(
            RoundCoordinator.ROUNDS,
            Topic.ROUNDS.name(prefix),
            key,
            serdes.rounds,
            "round-coordinator")
        .addSink(
            RoundCoordinator.CLOSES,
            closes,
            key,
            serdes.closes,
            toAllPartitions(),
            "round-coordinator")
        .addSink(
            RoundCoordinator.TICKS,
            Topic.TICKS.name(prefix),
            key,
            serdes.ticks,
            "round-coordinator")
        .addSink(
            RoundCoordinator.REJECTS,
            Topic.REJECTS.name(prefix),
            key,
            serdes.rejects,
            "round-coordinator");
    return topology;
  }

  private static StreamPartitioner<byte[], AggregateShard> byShard() {
    return (topic, key, aggregate, partitions) ->
        Optional.of(Set.of(LogKeys.shardPartition(aggregate.getShard(), partitions)));
  }

  /** KIP-837: one record to every partition. */
  private static StreamPartitioner<byte[], LedgerEntry> toAllPartitions() {
    return (topic, key, closed, partitions) ->
        Optional.of(IntStream.range(0, partitions).boxed().collect(Collectors.toSet()));
  }
}
