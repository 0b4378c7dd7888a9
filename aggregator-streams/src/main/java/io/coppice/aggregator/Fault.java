package io.coppice.aggregator;

import io.coppice.schemas.RejectReason;
import java.util.Locale;

/**
 * Why something cannot be used.
 *
 * @param reason its kind
 * @param detail what was found and what was expected, one sentence
 */
public record Fault(RejectReason reason, String detail) {

  /** A fault whose detail is formatted as by {@link String#format}. */
  public static Fault of(RejectReason reason, String detail, Object... arguments) {
    return new Fault(reason, String.format(Locale.ROOT, detail, arguments));
  }
}
