package io.coppice.audit;

import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;

/** A cursor that can be asked what comes next. */
final class PeekingCursor implements AutoCloseable {

  private final RecordCursor records;
  private Optional<LogRecord> next;

  PeekingCursor(RecordCursor records) {
    this.records = records;
  }

  /** The next record, which stays the next one; empty at the end. */
  Optional<LogRecord> peek() {
    if (next == null) {
      next = records.next();
    }
    return next;
  }

  /** The next record; empty at the end. */
  Optional<LogRecord> next() {
    Optional<LogRecord> taken = peek();
    next = null;
    return taken;
  }

  /**
   * The value of a record that only services write.
   *
   * @throws Violation if it is not there or not of that type
   */
  static <T extends SpecificRecord> T value(LogRecord record, Class<T> type) {
    if (record.fault() != null) {
      throw Violation.at(record, "", "the record cannot be decoded (" + record.fault() + ").");
    }
    if (!type.isInstance(record.value())) {
      throw Violation.at(record, "", "there is no " + type.getSimpleName() + " in it.");
    }
    return type.cast(record.value());
  }

  @Override
  public void close() {
    records.close();
  }
}
