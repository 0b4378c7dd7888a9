package io.coppice.replay;

import io.coppice.replay.IgnoredRecord.Reason;
import java.util.Locale;

/** A record does not hold; whoever reads it goes on behind it. */
final class UnfitRecordException extends Exception {

  /** Bytes of a detail that came out of a record may be megabytes long. */
  private static final int MAX_DETAIL_CHARS = 500;

  private final Reason reason;

  /**
   * @param detail one sentence, formatted as by {@link String#format}
   */
  UnfitRecordException(Reason reason, String detail, Object... arguments) {
    // It steers a decision and is never shown with its origin: no stack trace, so that a flood of
    // garbage stays cheap.
    super(shortened(String.format(Locale.ROOT, detail, arguments)), null, false, false);
    this.reason = reason;
  }

  private static String shortened(String detail) {
    return detail.length() <= MAX_DETAIL_CHARS ? detail : detail.substring(0, MAX_DETAIL_CHARS);
  }

  Reason reason() {
    return reason;
  }
}
