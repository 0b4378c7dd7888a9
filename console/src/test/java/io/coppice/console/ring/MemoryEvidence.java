package io.coppice.console.ring;

import io.coppice.audit.RunVerifier;
import io.coppice.audit.Verification;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;

/** The records of one run, copied from a log so that they can be tampered with. */
final class MemoryEvidence implements EvidenceSource {

  private record Place(Topic topic, int partition) {}

  private final RunDefinition run;
  private final Map<Topic, Integer> partitions = new HashMap<>();
  private final Map<Place, NavigableMap<Long, LogRecord>> records = new HashMap<>();

  MemoryEvidence(EvidenceSource source, RunDefinition run) {
    this.run = run;
    for (Topic topic : Topic.values()) {
      if (topic.isInternal()) {
        continue;
      }
      partitions.put(topic, source.partitions(topic));
      for (int p = 0; p < source.partitions(topic); p++) {
        NavigableMap<Long, LogRecord> found = new TreeMap<>();
        try (RecordCursor cursor = source.read(run, topic, p)) {
          for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
            found.put(next.get().offset(), next.get());
          }
        }
        records.put(new Place(topic, p), found);
      }
    }
  }

  private MemoryEvidence(MemoryEvidence original) {
    this.run = original.run;
    this.partitions.putAll(original.partitions);
    original.records.forEach((place, found) -> records.put(place, new TreeMap<>(found)));
  }

  /** A copy whose records can be exchanged without changing this one. */
  MemoryEvidence copy() {
    return new MemoryEvidence(this);
  }

  /** All records of a topic, partition by partition. */
  List<LogRecord> all(Topic topic) {
    List<LogRecord> found = new ArrayList<>();
    for (int p = 0; p < partitions(topic); p++) {
      found.addAll(records.get(new Place(topic, p)).values());
    }
    return found;
  }

  /** The first record of a topic whose value is of a type and fits. */
  <T> LogRecord first(Topic topic, Class<T> type, Predicate<T> wanted) {
    return all(topic).stream()
        .filter(r -> type.isInstance(r.value()) && wanted.test(type.cast(r.value())))
        .findFirst()
        .orElseThrow();
  }

  /** Replaces a record's value by a changed copy of it. */
  <T extends SpecificRecord> void change(LogRecord record, Class<T> type, UnaryOperator<T> change) {
    T copy = SpecificData.get().deepCopy(record.value().getSchema(), type.cast(record.value()));
    put(record, change.apply(copy));
  }

  /** Writes a value in a record's place. */
  void put(LogRecord place, SpecificRecord value) {
    put(
        new LogRecord(
            place.topic(),
            place.partition(),
            place.offset(),
            place.timestamp(),
            place.key(),
            value,
            null,
            place.bytes()));
  }

  void put(LogRecord record) {
    records.get(new Place(record.topic(), record.partition())).put(record.offset(), record);
  }

  void remove(LogRecord record) {
    records.get(new Place(record.topic(), record.partition())).remove(record.offset());
  }

  /** As in a log that was made before there was such a topic. */
  void removeTopic(Topic topic) {
    partitions.put(topic, 0);
  }

  /** Exchanges what two records hold. */
  void swap(LogRecord one, LogRecord other) {
    put(one, other.value());
    put(other, one.value());
  }

  /** Removes a record and all behind it in its partition. */
  void truncate(LogRecord from) {
    records.get(new Place(from.topic(), from.partition())).tailMap(from.offset(), true).clear();
  }

  /** What the auditor says. */
  Verification verify() throws InterruptedException {
    return verify(
        new RunVerifier.Options(OptionalInt.empty(), OptionalInt.empty(), Optional.empty(), 1));
  }

  Verification verify(RunVerifier.Options options) throws InterruptedException {
    return new RunVerifier(this, runs().getFirst(), options, verdict -> {}).verify();
  }

  @Override
  public List<RunDefinition> runs() {
    return all(Topic.RUNS).stream().flatMap(record -> definition(record).stream()).toList();
  }

  private static Optional<RunDefinition> definition(LogRecord record) {
    try {
      return record.value() instanceof TrainingRun defined
          ? Optional.of(RunDefinition.of(defined, record.timestamp()))
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // as Runs.all leaves out what cannot be a run
    }
  }

  @Override
  public int partitions(Topic topic) {
    return partitions.get(topic);
  }

  @Override
  public RecordCursor read(RunDefinition of, Topic topic, int partition) {
    return readFrom(of, topic, partition, 0);
  }

  @Override
  public RecordCursor readFrom(RunDefinition of, Topic topic, int partition, long offset) {
    Iterator<LogRecord> left =
        records.get(new Place(topic, partition)).tailMap(offset, true).values().iterator();
    return new RecordCursor() {
      @Override
      public Optional<LogRecord> next() {
        return left.hasNext() ? Optional.of(left.next()) : Optional.empty();
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
