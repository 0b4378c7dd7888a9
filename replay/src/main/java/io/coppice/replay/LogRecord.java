package io.coppice.replay;

import io.coppice.schemas.Topic;
import java.nio.ByteBuffer;
import org.apache.avro.specific.SpecificRecord;

/**
 * A record of the log, decoded.
 *
 * @param timestamp append time of the broker, milliseconds since the epoch
 * @param key as it lies in the log; null if it has none
 * @param value null where there is none, or where it cannot be decoded
 * @param fault why the value cannot be decoded; null if it can
 * @param bytes length of the value as it lies in the log
 * @param raw the value as it lies in the log where it cannot be decoded, so that a copy of the log can hold it; null elsewhere
 */
public record LogRecord(
    Topic topic,
    int partition,
    long offset,
    long timestamp,
    String key,
    SpecificRecord value,
    String fault,
    int bytes,
    ByteBuffer raw) {

  /** A record whose value was decoded, or of which nobody asks what could not be. */
  public LogRecord(
      Topic topic,
      int partition,
      long offset,
      long timestamp,
      String key,
      SpecificRecord value,
      String fault,
      int bytes) {
    this(topic, partition, offset, timestamp, key, value, fault, bytes, null);
  }

  /** Where it lies, such as {@code updates-3@17}. */
  public String position() {
    return position(topic, partition, offset);
  }

  /** How a place in the log is written. */
  public static String position(Topic topic, int partition, long offset) {
    return topic.suffix() + "-" + partition + "@" + offset;
  }
}
