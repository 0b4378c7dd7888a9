package io.coppice.aggregator.shards;

import io.coppice.aggregator.state.Reference;
import io.coppice.schemas.ShardDigest;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** What has been seen of one update in this partition. Its shards must all say the same about the whole. */
final class Attempt {

  private final Reference claims;
  private final NavigableMap<ShardId, Summand> summands = new TreeMap<>();

  /**
   * @param claims what the first shard says about the update
   */
  Attempt(Reference claims) {
    this.claims = claims;
  }

  /** Whether another shard says the same about the update as the first. */
  boolean agreesWith(Reference other) {
    return claims.getMaskVersion() == other.getMaskVersion()
        && claims.getWeight() == other.getWeight()
        && claims.getDeltaShards() == other.getDeltaShards()
        && claims.getImportanceShards() == other.getImportanceShards();
  }

  Reference claims() {
    return claims;
  }

  boolean has(ShardId shard) {
    return summands.containsKey(shard);
  }

  void add(Summand summand) {
    summands.put(summand.shard(), summand);
  }

  Optional<Summand> summand(ShardId shard) {
    return Optional.ofNullable(summands.get(shard));
  }

  /** Whether every shard that belongs to this partition is there. */
  boolean isComplete(PartitionShards own) {
    return summands.size()
        == own.count(claims.getDeltaShards()) + own.count(claims.getImportanceShards());
  }

  /** Fingerprints of the shards seen, by kind and index. */
  List<ShardDigest> digests() {
    return summands.values().stream()
        .map(
            s ->
                new ShardDigest(
                    s.shard().kind(),
                    s.shard().shard(),
                    s.reference().getValueCount(),
                    s.reference().getSha256()))
        .toList();
  }
}
