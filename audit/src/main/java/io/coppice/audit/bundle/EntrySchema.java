package io.coppice.audit.bundle;

import io.coppice.replay.LogRecord;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.MetricEntry;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedRecords;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.avro.AvroTypeException;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;

/** The record that a bundle's file holds for a record of the log: where it lay, and its value in the topic's own schema. */
final class EntrySchema {

  private static final String NAMESPACE = "io.coppice.bundle";

  private static final Map<Topic, Schema> SCHEMAS = new EnumMap<>(Topic.class);

  static {
    TrustedRecords.register();
    for (Topic topic : Topic.values()) {
      if (!topic.isInternal()) {
        SCHEMAS.put(topic, newSchema(topic));
      }
    }
  }

  private EntrySchema() {}

  /**
   * The schema of a topic's entries.
   *
   * @throws IllegalArgumentException if the topic is internal
   */
  static Schema of(Topic topic) {
    Schema schema = SCHEMAS.get(topic);
    if (schema == null) {
      throw new IllegalArgumentException(
          "Topic " + topic.suffix() + " is internal and no part of the evidence.");
    }
    return schema;
  }

  private static Schema newSchema(Topic topic) {
    Schema timestamp = LogicalTypes.timestampMillis().addToSchema(Schema.create(Schema.Type.LONG));
    List<Schema.Field> fields =
        List.of(
            new Schema.Field(
                "offset", Schema.create(Schema.Type.LONG), "Offset in the partition of the log."),
            new Schema.Field("timestamp", timestamp, "When the broker appended it."),
            new Schema.Field(
                "key", optional(Schema.create(Schema.Type.STRING)), "Key of the record."),
            new Schema.Field(
                "value",
                optional(SpecificData.get().getSchema(valueType(topic))),
                "Value of the record; null if it has none, or one that cannot be decoded."),
            new Schema.Field(
                "valueBytes",
                Schema.create(Schema.Type.INT),
                "Length of the value in the log, in the wire format; 0 if it has none."),
            new Schema.Field(
                "raw",
                optional(Schema.create(Schema.Type.BYTES)),
                "The value as it lies in the log, where it cannot be decoded."),
            new Schema.Field(
                "fault", optional(Schema.create(Schema.Type.STRING)), "Why it cannot be decoded."));
    return Schema.createRecord(
        name(topic), "A record of topic " + topic.suffix() + ".", NAMESPACE, false, fields);
  }

  private static Schema optional(Schema schema) {
    if (schema.getType() == Schema.Type.STRING) {
      GenericData.setStringType(schema, GenericData.StringType.String);
    }
    return Schema.createUnion(Schema.create(Schema.Type.NULL), schema);
  }

  private static String name(Topic topic) {
    String suffix = topic.suffix();
    return suffix.substring(0, 1).toUpperCase(Locale.ROOT) + suffix.substring(1) + "Entry";
  }

  private static Class<? extends SpecificRecord> valueType(Topic topic) {
    return switch (topic) {
      case RUNS -> TrainingRun.class;
      case COMMANDS -> RunCommand.class;
      case AGENTS -> AgentJoined.class;
      case UPDATES -> UpdateShard.class;
      case SUBMISSIONS -> UpdateSubmitted.class;
      case ROUNDS -> LedgerEntry.class;
      case AGGREGATES, IMPORTANCE -> AggregateShard.class;
      case MASKS -> MaskPublished.class;
      case CHECKPOINTS -> CheckpointShard.class;
      case METRICS -> MetricEntry.class;
      case REJECTS -> RejectedRecord.class;
      case CHECKS, CLOSES, DIGESTS, TICKS -> throw new IllegalArgumentException(topic.suffix());
    };
  }

  static IndexedRecord toEntry(LogRecord log) {
    GenericData.Record entry = new GenericData.Record(of(log.topic()));
    entry.put("offset", log.offset());
    entry.put("timestamp", log.timestamp());
    entry.put("key", log.key());
    entry.put("value", log.value());
    entry.put("valueBytes", log.bytes());
    entry.put("raw", log.raw());
    entry.put("fault", log.fault());
    return entry;
  }

  /**
   * The record of the log that an entry stands for.
   *
   * @throws AvroTypeException if its fields contradict each other
   */
  static LogRecord toLog(Topic topic, int partition, GenericData.Record entry) {
    SpecificRecord value = (SpecificRecord) entry.get("value");
    ByteBuffer raw = (ByteBuffer) entry.get("raw");
    String fault = (String) entry.get("fault");
    if ((raw == null) != (fault == null) || (raw != null && value != null)) {
      throw new AvroTypeException("it is neither a decoded record nor one that cannot be decoded");
    }
    return new LogRecord(
        topic,
        partition,
        (long) entry.get("offset"),
        (long) entry.get("timestamp"),
        (String) entry.get("key"),
        value,
        fault,
        (int) entry.get("valueBytes"),
        raw);
  }
}
