package io.coppice.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.random.SplitMix64;
import io.coppice.replay.Checkpoints.Checkpoint;
import io.coppice.replay.Checkpoints.Collector;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Regrow;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CheckpointsTest {

  private static final List<Long> POSITIONS = List.of(3L, 0L, 17L);

  private final RunDefinition run = TestRecords.run(Regrow.ZERO);

  private List<CheckpointShard> cut(int round, float[] parameters) {
    return cut(round, 2, parameters);
  }

  private List<CheckpointShard> cut(int round, int maskVersion, float[] parameters) {
    return Checkpoints.cut(run, round, maskVersion, parameters, POSITIONS);
  }

  private float[] parameters(long seed) {
    SplitMix64 random = new SplitMix64(seed);
    float[] parameters = new float[run.layout().size()];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = (float) random.nextDouble();
    }
    return parameters;
  }

  @Test
  void aCheckpointComesBackWhateverTheOrderOfItsShards() {
    float[] parameters = parameters(1);
    List<CheckpointShard> shards = cut(4, parameters);
    assertThat(shards).hasSizeGreaterThan(2);
    assertThat(shards).allMatch(shard -> shard.getDigest().equals(ContentDigest.of(shard)));
    Collector collector = new Collector();
    shards.reversed().forEach(collector::add);
    Checkpoint found = collector.latest().orElseThrow();
    assertThat(found.parameters()).containsExactly(parameters);
    assertThat(found.round()).isEqualTo(4);
    assertThat(found.maskVersion()).isEqualTo(2);
    assertThat(found.aggregatePositions()).isEqualTo(POSITIONS);
  }

  @Test
  void theNewestCompleteOneIsTaken() {
    Collector collector = new Collector();
    cut(9, parameters(9)).stream().skip(1).forEach(collector::add);
    cut(6, parameters(6)).forEach(collector::add);
    cut(3, parameters(3)).forEach(collector::add);
    assertThat(collector.latest().orElseThrow().round()).isEqualTo(6);
  }

  @Test
  void withoutACompleteOneThereIsNone() {
    Collector collector = new Collector();
    assertThat(collector.latest()).isEmpty();
    cut(9, parameters(9)).stream().skip(1).forEach(collector::add);
    assertThat(collector.latest()).isEmpty();
  }

  @Test
  void aShardThatIsReadTwiceIsNoOther() {
    Collector collector = new Collector();
    List<CheckpointShard> shards = cut(9, parameters(9));
    shards.stream().skip(1).forEach(collector::add);
    collector.add(shards.getLast());
    assertThat(collector.latest()).isEmpty();
    collector.add(shards.getFirst());
    assertThat(collector.latest().orElseThrow().parameters()).containsExactly(parameters(9));
  }

  @Test
  void noMoreIsKeptThanTheLatestCompleteOneAndWhatMayBecomeLater() {
    Collector collector = new Collector();
    int shards = cut(0, parameters(0)).size();
    for (int round = 0; round < 50; round += 5) {
      cut(round, parameters(round)).forEach(collector::add);
      assertThat(collector.size()).isEqualTo(shards);
    }
    cut(60, parameters(60)).stream().skip(1).forEach(collector::add);
    assertThat(collector.size()).isEqualTo(2 * shards - 1);
    cut(40, parameters(40)).forEach(shard -> assertThat(collector.add(shard)).isTrue());
    cut(40, parameters(41)).forEach(shard -> assertThat(collector.add(shard)).isFalse());
    cut(42, parameters(42)).forEach(shard -> assertThat(collector.add(shard)).isTrue());
    assertThat(collector.size()).isEqualTo(2 * shards - 1);
    assertThat(collector.latest().orElseThrow().parameters()).containsExactly(parameters(45));
  }

  @Test
  void aCheckpointWaitsForItsMask() {
    AtomicInteger known = new AtomicInteger(1);
    Collector collector = new Collector(version -> version <= known.get());
    cut(3, 1, parameters(3)).forEach(collector::add);
    cut(6, 2, parameters(6)).forEach(collector::add);
    cut(9, 3, parameters(9)).forEach(collector::add);
    assertThat(collector.latest().orElseThrow().round()).isEqualTo(3);
    known.set(2);
    assertThat(collector.latest().orElseThrow().round()).isEqualTo(6);
    known.set(3);
    assertThat(collector.latest().orElseThrow().parameters()).containsExactly(parameters(9));
  }
}
