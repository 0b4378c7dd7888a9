package io.coppice.audit.records;

import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;

/** A log in memory. */
public final class ListEvidence implements EvidenceSource {

  public static final int PARTITIONS = 3;

  private final List<LogRecord> records = new ArrayList<>();

  /** Adds a record; those of a partition in the order of their offsets. */
  public void add(LogRecord record) {
    records.add(record);
  }

  /** Adds a record at the end of a partition, with a gap before it now and then, as transactions leave them. */
  public void add(Topic topic, int partition, String key, SpecificRecord value) {
    long last =
        records.stream()
            .filter(r -> r.topic() == topic && r.partition() == partition)
            .mapToLong(LogRecord::offset)
            .max()
            .orElse(6);
    long offset = last + 1 + (last % 5 == 0 ? 1 : 0);
    add(new LogRecord(topic, partition, offset, 1_000 + offset, key, value, null, 100));
  }

  public List<LogRecord> records() {
    return records;
  }

  @Override
  public List<RunDefinition> runs() {
    return records.stream()
        .filter(r -> r.value() instanceof TrainingRun)
        .sorted(Comparator.comparingLong(LogRecord::timestamp))
        .map(r -> RunDefinition.of((TrainingRun) r.value(), r.timestamp()))
        .toList();
  }

  @Override
  public int partitions(Topic topic) {
    return topic.partitioning() == Topic.Partitioning.BY_SHARD ? PARTITIONS : 1;
  }

  @Override
  public RecordCursor read(RunDefinition run, Topic topic, int partition) {
    return readFrom(run, topic, partition, 0);
  }

  @Override
  public RecordCursor readFrom(RunDefinition run, Topic topic, int partition, long offset) {
    Iterator<LogRecord> found =
        records.stream()
            .filter(r -> r.topic() == topic && r.partition() == partition)
            .filter(r -> r.offset() >= offset && LogKeys.isOfRun(r.key(), run.id()))
            .toList()
            .iterator();
    return new RecordCursor() {
      @Override
      public Optional<LogRecord> next() {
        return found.hasNext() ? Optional.of(found.next()) : Optional.empty();
      }

      @Override
      public void close() {
        // Nothing is open.
      }
    };
  }

  @Override
  public void close() {
    // Nothing is open.
  }
}
