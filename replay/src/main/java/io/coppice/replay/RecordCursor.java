package io.coppice.replay;

import java.util.Optional;

/** Reads the records of one run in one partition, in the order of their offsets. Used by one thread at a time. */
public interface RecordCursor extends AutoCloseable {

  /**
   * The next record; empty behind the last one that was there when the cursor was opened.
   *
   * @throws UnreadableLogException if the log is damaged where it goes on
   */
  Optional<LogRecord> next();

  @Override
  void close();
}
