package io.coppice.aggregator.shards;

import io.coppice.schemas.ShardKind;
import java.util.Comparator;

/** One block of one kind; ordered by kind, then index. */
record ShardId(ShardKind kind, int shard) implements Comparable<ShardId> {

  private static final Comparator<ShardId> ORDER =
      Comparator.comparing(ShardId::kind).thenComparingInt(ShardId::shard);

  @Override
  public int compareTo(ShardId other) {
    return ORDER.compare(this, other);
  }
}
