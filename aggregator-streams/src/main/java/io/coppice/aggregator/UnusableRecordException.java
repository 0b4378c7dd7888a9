package io.coppice.aggregator;

import java.util.Optional;

/** A record of an input topic is of no use; the stream goes on behind it. */
public final class UnusableRecordException extends Exception {

  private final transient Fault fault;

  public UnusableRecordException(Fault fault) {
    // It steers a decision and is never shown: no stack trace, so that a flood of garbage stays
    // cheap.
    super(fault.detail(), null, false, false);
    this.fault = fault;
  }

  /** Throws if there is a fault. */
  public static void throwIf(Optional<Fault> fault) throws UnusableRecordException {
    if (fault.isPresent()) {
      throw new UnusableRecordException(fault.get());
    }
  }

  public Fault fault() {
    return fault;
  }
}
