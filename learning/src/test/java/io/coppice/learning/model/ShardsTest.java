package io.coppice.learning.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ShardsTest {

  @Property
  void blocksCoverAVectorWithoutGapOrOverlap(
      @ForAll @IntRange(min = 1, max = 100) int valuesPerShard,
      @ForAll @IntRange(max = 2000) int values) {
    Shards shards = new Shards(valuesPerShard);
    int next = 0;
    for (int shard = 0; shard < shards.count(values); shard++) {
      assertThat(shards.from(shard)).isEqualTo(next);
      assertThat(shards.length(values, shard)).isBetween(1, valuesPerShard);
      next += shards.length(values, shard);
    }
    assertThat(next).isEqualTo(values);
  }

  @Test
  void theLargestVectorIsCutWithoutOverflow() {
    int values = Integer.MAX_VALUE;
    int last = Shards.DEFAULT.count(values) - 1;
    assertThat(last).isEqualTo(32_767);
    assertThat(Shards.DEFAULT.length(values, last)).isEqualTo(65_535);
  }

  @Test
  void blocksOfNothingAreRefused() {
    assertThatThrownBy(() -> new Shards(0)).hasMessage("A shard holds at least 1 value, not 0.");
  }
}
