package io.coppice.replay;

import io.coppice.schemas.Topic;

/** Where a record lies. */
public record LogPosition(Topic topic, int partition, long offset) {

  /** Where an entry lies. */
  static LogPosition of(LogReader.Entry entry) {
    return new LogPosition(entry.topic(), entry.partition(), entry.offset());
  }

  /** Such as {@code updates-3@17}. */
  @Override
  public String toString() {
    return LogRecord.position(topic, partition, offset);
  }
}
