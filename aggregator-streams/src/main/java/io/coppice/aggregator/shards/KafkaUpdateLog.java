package io.coppice.aggregator.shards;

import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.Topic;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.SortedSet;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * {@link UpdateLog} over a consumer of its own: assigned, never subscribed, so that it takes no part in the application's group,
 * and opened only when something has to be read again. Used by one task, so by one thread at a time.
 */
public final class KafkaUpdateLog implements UpdateLog {

  /** A gap of unwanted records longer than this is jumped over instead of read. */
  private static final long WORTH_A_SEEK = 64;

  private static final Duration POLL = Duration.ofSeconds(1);

  /** So many polls in a row without a record mean that the broker does not give what the store refers to. */
  private static final int EMPTY_POLLS = 60;

  private final ClusterConfig cluster;
  private Consumer<byte[], byte[]> consumer;

  public KafkaUpdateLog(ClusterConfig cluster) {
    this.cluster = cluster;
  }

  @Override
  public void read(int partition, SortedSet<Long> offsets, Visitor visitor) {
    if (offsets.isEmpty()) {
      return;
    }
    TopicPartition source = new TopicPartition(cluster.name(Topic.UPDATES), partition);
    Consumer<byte[], byte[]> reader = open();
    reader.assign(List.of(source));
    Iterator<Long> wanted = offsets.iterator();
    long next = wanted.next();
    reader.seek(source, next);
    int empty = 0;
    while (true) {
      List<ConsumerRecord<byte[], byte[]>> batch = poll(reader, source, next);
      empty = batch.isEmpty() ? empty + 1 : 0;
      if (empty == EMPTY_POLLS) {
        throw new IllegalStateException(
            "Offset " + next + " of " + source + " has not come within " + EMPTY_POLLS + " s.");
      }
      for (ConsumerRecord<byte[], byte[]> record : batch) {
        if (record.offset() < next) {
          continue;
        }
        if (record.offset() > next) {
          throw gone(source, next, null);
        }
        visitor.visit(next, record.value());
        if (!wanted.hasNext()) {
          return;
        }
        next = wanted.next();
      }
      if (next - reader.position(source) > WORTH_A_SEEK) {
        reader.seek(source, next);
      }
    }
  }

  private static List<ConsumerRecord<byte[], byte[]>> poll(
      Consumer<byte[], byte[]> reader, TopicPartition source, long next) {
    try {
      return reader.poll(POLL).records(source);
    } catch (InvalidOffsetException e) {
      throw gone(source, next, e);
    }
  }

  private static IllegalStateException gone(TopicPartition source, long offset, Exception cause) {
    return new IllegalStateException(
        "Offset "
            + offset
            + " of "
            + source
            + " is part of an open round but not in the log any more: the topic must keep its"
            + " records.",
        cause);
  }

  private Consumer<byte[], byte[]> open() {
    if (consumer == null) {
      consumer =
          new KafkaConsumer<>(
              cluster.reader(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }
    return consumer;
  }

  @Override
  public void close() {
    if (consumer != null) {
      consumer.close();
      consumer = null;
    }
  }
}
