package io.coppice.aggregator.shards;

import io.coppice.schemas.LogKeys;
import java.util.stream.IntStream;

/**
 * Which shards lie in one partition: k with k mod {@code partitions} = {@code partition}.
 *
 * @param partition 0 to partitions - 1
 * @param partitions partitions of the topics by shard, at least 1
 */
public record PartitionShards(int partition, int partitions) {

  public PartitionShards {
    if (partition < 0 || partition >= partitions) {
      throw new IllegalArgumentException(
          "Partition " + partition + " is not one of " + partitions + ".");
    }
  }

  /** Whether a shard lies here. */
  public boolean holds(int shard) {
    return LogKeys.shardPartition(shard, partitions) == partition;
  }

  /** The shards that lie here, of {@code shards} in all, ascending. */
  public IntStream of(int shards) {
    return IntStream.iterate(partition, k -> k < shards, k -> k + partitions);
  }

  /** How many shards lie here, of {@code shards} in all. */
  public int count(int shards) {
    return shards <= partition ? 0 : (shards - partition - 1) / partitions + 1;
  }

  /** How many partitions hold a shard of an update, always the first ones. */
  public static int involved(int deltaShards, int importanceShards, int partitions) {
    return Math.min(partitions, Math.max(deltaShards, importanceShards));
  }
}
