package io.coppice.console.audit;

import io.coppice.replay.LogReader;

/** A record that does not hold; the message names it and says what is wrong. */
public final class Violation extends RuntimeException {

  Violation(String message) {
    super(message);
  }

  static Violation at(LogReader.Entry entry, String what) {
    return new Violation(
        String.format(
            "%s-%d@%d: %s", entry.topic().suffix(), entry.partition(), entry.offset(), what));
  }
}
