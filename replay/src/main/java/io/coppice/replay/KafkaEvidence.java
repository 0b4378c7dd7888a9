package io.coppice.replay;

import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.TimeoutException;

/** The log of a cluster. */
public final class KafkaEvidence implements EvidenceSource {

  private static final Duration POLL = Duration.ofMillis(250);

  /** So long a broker may be silent; a client by itself waits for ever. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** There is a cursor a partition of each large topic, and each reads ahead. */
  private static final int FETCH_BYTES = 4 << 20;

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final List<RunDefinition> runs;
  private final Map<Topic, Integer> partitions = new EnumMap<>(Topic.class);

  public KafkaEvidence(ClusterConfig cluster, LogSerdes serdes) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.runs = Runs.all(cluster, serdes);
    try (LogReader reader = new LogReader(cluster)) {
      for (Topic topic : Topic.values()) {
        if (!topic.isInternal()) {
          partitions.put(topic, reader.partitions(topic));
        }
      }
    }
  }

  @Override
  public List<RunDefinition> runs() {
    return runs;
  }

  @Override
  public int partitions(Topic topic) {
    return partitions.get(topic);
  }

  @Override
  public boolean mayGrow() {
    return true;
  }

  @Override
  public RecordCursor read(RunDefinition run, Topic topic, int partition) {
    LogReader reader = new LogReader(cluster, FETCH_BYTES);
    reader.followSince(topic, partition, run.searchedSince());
    return new Cursor(run, topic, partition, reader);
  }

  @Override
  public RecordCursor readFrom(RunDefinition run, Topic topic, int partition, long offset) {
    LogReader reader = new LogReader(cluster, FETCH_BYTES);
    reader.followFrom(topic, partition, offset);
    return new Cursor(run, topic, partition, reader);
  }

  @Override
  public void close() {
    // Every cursor has a connection of its own.
  }

  private final class Cursor implements RecordCursor {
    private final RunDefinition run;
    private final Topic topic;
    private final int partition;
    private final LogReader reader;
    private final Queue<Entry> read = new ArrayDeque<>();

    Cursor(RunDefinition run, Topic topic, int partition, LogReader reader) {
      this.run = run;
      this.topic = topic;
      this.partition = partition;
      this.reader = reader;
    }

    @Override
    public Optional<LogRecord> next() {
      while (true) {
        while (!read.isEmpty()) {
          Entry entry = read.remove();
          if (LogKeys.isOfRun(entry.key(), run.id())) {
            return Optional.of(decode(entry));
          }
        }
        if (reader.hasReachedEnd()) {
          return Optional.empty();
        }
        fetch();
      }
    }

    /** Reads on. A log that does not answer says nothing about its records. */
    private void fetch() {
      long position = position();
      long giveUp = System.nanoTime() + PATIENCE.toNanos();
      try {
        while (read.isEmpty() && position() == position) {
          if (System.nanoTime() > giveUp) {
            throw new TimeoutException(
                String.format(
                    "The brokers have not answered for %d s, at %s.",
                    PATIENCE.toSeconds(), LogRecord.position(topic, partition, position)));
          }
          read.addAll(reader.poll(POLL));
        }
      } catch (InterruptException
          | TimeoutException
          | AuthenticationException
          | AuthorizationException e) {
        throw e;
      } catch (KafkaException e) {
        throw new UnreadableLogException(topic, partition, position(), reason(e), e);
      }
    }

    private long position() {
      return reader.position(topic, partition).orElseThrow();
    }

    private LogRecord decode(Entry entry) {
      SpecificRecord value = null;
      String fault = null;
      try {
        value = serdes.of(topic).deserialize(topic.suffix(), entry.value());
      } catch (SerializationException e) {
        fault = e.getMessage();
      }
      return new LogRecord(
          topic,
          partition,
          entry.offset(),
          entry.timestamp(),
          entry.key(),
          value,
          fault,
          entry.value() == null ? 0 : entry.value().length,
          fault == null ? null : ByteBuffer.wrap(entry.value()));
    }

    @Override
    public void close() {
      reader.close();
    }
  }

  private static String reason(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage();
  }
}
