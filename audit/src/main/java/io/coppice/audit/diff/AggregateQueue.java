package io.coppice.audit.diff;

import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The aggregates of a topic, a round at a time. Of every partition only one record is read ahead, because the rounds of a partition
 * are in order.
 */
final class AggregateQueue implements AutoCloseable {

  private final RunDefinition run;
  private final List<Partition> partitions = new ArrayList<>();

  AggregateQueue(EvidenceSource source, RunDefinition run, Topic topic) {
    this.run = run;
    for (int p = 0; p < source.partitions(topic); p++) {
      partitions.add(new Partition(source.read(run, topic, p)));
    }
  }

  private static final class Partition {
    private final RecordCursor records;
    private AggregateShard ahead;
    private boolean ended;

    Partition(RecordCursor records) {
      this.records = records;
    }

    /** The record at hand; null at the end. */
    AggregateShard peek() {
      while (ahead == null && !ended) {
        var next = records.next();
        ended = next.isEmpty();
        ahead =
            next.isPresent() && next.get().value() instanceof AggregateShard shard ? shard : null;
      }
      return ahead;
    }

    void remove() {
      ahead = null;
    }
  }

  /**
   * The blocks of a round; rounds before it are passed over.
   *
   * @param length number of values of the whole vector
   * @return empty if a block is missing, or has not as many values as it should
   */
  Optional<float[][]> take(int round, int length) {
    float[][] blocks = new float[run.shards().count(length)][];
    for (int p = 0; p < partitions.size(); p++) {
      Partition partition = partitions.get(p);
      int missing =
          blocks.length / partitions.size() + (p < blocks.length % partitions.size() ? 1 : 0);
      for (AggregateShard shard = partition.peek();
          shard != null && shard.getRound() <= round && missing > 0;
          shard = partition.peek()) {
        partition.remove();
        int index = shard.getShard();
        if (shard.getRound() == round
            && index >= 0
            && index < blocks.length
            && blocks[index] == null
            && hasLength(shard, run.shards().length(length, index))) {
          blocks[index] = values(shard);
          missing--;
        }
      }
    }
    for (float[] block : blocks) {
      if (block == null) {
        return Optional.empty();
      }
    }
    return Optional.of(blocks);
  }

  private static boolean hasLength(AggregateShard shard, int values) {
    return shard.getValueCount() == values
        && LogTensors.encoding(shard.getEncoding()).fault(shard.getValues(), values).isEmpty();
  }

  private static float[] values(AggregateShard shard) {
    float[] values = new float[shard.getValueCount()];
    LogTensors.encoding(shard.getEncoding()).decode(shard.getValues(), values, 0, values.length);
    return values;
  }

  @Override
  public void close() {
    partitions.forEach(partition -> partition.records.close());
  }
}
