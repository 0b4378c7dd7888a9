package io.coppice.audit.explain;

import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;

/** A cursor over the records of one type whose next record can be looked at before it is taken. */
final class Ahead<T extends SpecificRecord> implements AutoCloseable {

  /** A record, decoded. */
  record Found<T>(LogRecord at, T value) {}

  private final RecordCursor cursor;
  private final Class<T> type;
  private final boolean trusted;
  private Optional<Found<T>> next;

  /**
   * @param trusted whether only services write the topic; what cannot be decoded in others is passed over
   */
  Ahead(RecordCursor cursor, Class<T> type, boolean trusted) {
    this.cursor = cursor;
    this.type = type;
    this.trusted = trusted;
    this.next = Optional.empty();
    take();
  }

  /**
   * The record that {@link #take} takes; empty behind the last.
   */
  Optional<Found<T>> next() {
    return next;
  }

  /** Takes a record. */
  Optional<Found<T>> take() {
    Optional<Found<T>> taken = next;
    next = read();
    return taken;
  }

  private Optional<Found<T>> read() {
    for (var record = cursor.next(); record.isPresent(); record = cursor.next()) {
      if (type.isInstance(record.get().value())) {
        return Optional.of(new Found<>(record.get(), type.cast(record.get().value())));
      }
      if (trusted) {
        throw new IllegalStateException(
            record.get().position()
                + " cannot be read: "
                + (record.get().fault() == null ? "it is empty." : record.get().fault()));
      }
    }
    return Optional.empty();
  }

  @Override
  public void close() {
    cursor.close();
  }
}
