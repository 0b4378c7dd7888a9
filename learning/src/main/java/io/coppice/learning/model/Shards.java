package io.coppice.learning.model;

/**
 * How a vector is cut into blocks. A block's record stays far below Kafka's usual limit of a megabyte, and the blocks of one
 * model are aggregated in parallel.
 *
 * @param valuesPerShard values in every block but the last, at least 1
 */
public record Shards(int valuesPerShard) {

  /** The usual block: 256 KiB of float32. */
  public static final Shards DEFAULT = new Shards(65_536);

  public Shards {
    if (valuesPerShard < 1) {
      throw new IllegalArgumentException(
          "A shard holds at least 1 value, not " + valuesPerShard + ".");
    }
  }

  /** Number of blocks of a vector. */
  public int count(int values) {
    return Math.ceilDiv(values, valuesPerShard);
  }

  /** Index of the first value of a block. */
  public int from(int shard) {
    return shard * valuesPerShard;
  }

  /** Number of values in a block of a vector. */
  public int length(int values, int shard) {
    return Math.min(valuesPerShard, values - from(shard));
  }
}
