package io.coppice.console.tail;

import io.coppice.replay.LogReader.Entry;
import io.coppice.replay.LogRecord;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.Topic;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;

/** Decodes records of any topic. */
public final class RecordDecoder {

  private final LogSerdes serdes;
  private final String topicPrefix;

  /**
   * @param topicPrefix what the names of the topics begin with
   */
  public RecordDecoder(LogSerdes serdes, String topicPrefix) {
    this.serdes = serdes;
    this.topicPrefix = topicPrefix;
  }

  /**
   * Decodes a record, or tells why it cannot be.
   *
   * @throws io.coppice.schemas.SchemaRegistry.RegistryException if the registry does not answer
   */
  public FoundRecord decode(Entry entry) {
    if (entry.value() == null) {
      return new FoundRecord(record(entry, null, null), Optional.of(Subject.ofKey(entry.key())));
    }
    try {
      SpecificRecord value = value(entry.topic(), entry.value());
      return new FoundRecord(record(entry, value, null), subject(value));
    } catch (SerializationException e) {
      return new FoundRecord(record(entry, null, e.getMessage()), Optional.empty());
    }
  }

  private static LogRecord record(Entry entry, SpecificRecord value, String fault) {
    return new LogRecord(
        entry.topic(),
        entry.partition(),
        entry.offset(),
        entry.timestamp(),
        entry.key(),
        value,
        fault,
        entry.value() == null ? 0 : entry.value().length);
  }

  private SpecificRecord value(Topic topic, byte[] bytes) {
    return serdes.of(topic).deserialize(topicPrefix + topic.suffix(), bytes);
  }

  /** A rejected record is about what the record was about. */
  private Optional<Subject> subject(SpecificRecord value) {
    if (!(value instanceof RejectedRecord rejected)) {
      return Optional.of(Subject.of(value));
    }
    String name = rejected.getTopic();
    Optional<Topic> topic =
        name.startsWith(topicPrefix)
            ? Topic.bySuffix(name.substring(topicPrefix.length()))
            : Optional.empty();
    try {
      return topic.map(t -> Subject.of(value(t, bytes(rejected.getPayload()))));
    } catch (SerializationException e) {
      return Optional.empty();
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
