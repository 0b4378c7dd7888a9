package io.coppice.aggregator.shards;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class PartitionShardsTest {

  @Property
  void everyShardLiesInExactlyOnePartition(
      @ForAll @IntRange(max = 200) int shards,
      @ForAll @IntRange(min = 1, max = 20) int partitions) {
    assertThat(
            IntStream.range(0, partitions)
                .flatMap(p -> new PartitionShards(p, partitions).of(shards))
                .sorted())
        .containsExactlyElementsOf(IntStream.range(0, shards).boxed().toList());
  }

  @Property
  void theCountIsThatOfTheShards(
      @ForAll @IntRange(max = 200) int shards,
      @ForAll @IntRange(max = 19) int partition,
      @ForAll @IntRange(min = 20, max = 30) int partitions) {
    PartitionShards own = new PartitionShards(partition, partitions);
    assertThat(own.of(shards).count()).isEqualTo(own.count(shards));
    assertThat(own.of(shards).allMatch(own::holds)).isTrue();
  }

  @Property
  void thePartitionsInvolvedAreThoseThatHoldAShard(
      @ForAll @IntRange(min = 1, max = 40) int deltaShards,
      @ForAll @IntRange(max = 40) int importanceShards,
      @ForAll @IntRange(min = 1, max = 20) int partitions) {
    long holding =
        IntStream.range(0, partitions)
            .mapToObj(p -> new PartitionShards(p, partitions))
            .filter(p -> p.count(deltaShards) + p.count(importanceShards) > 0)
            .count();
    assertThat(PartitionShards.involved(deltaShards, importanceShards, partitions))
        .isEqualTo((int) holding);
  }
}
