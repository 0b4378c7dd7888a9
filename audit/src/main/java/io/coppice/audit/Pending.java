package io.coppice.audit;

/** Something is not in the log, which may be because the run is still going on. */
final class Pending extends RuntimeException {

  private final transient Violation otherwise;

  /**
   * @param otherwise what it is if the ledger has gone on
   */
  Pending(Violation otherwise) {
    super(otherwise.getMessage(), otherwise);
    this.otherwise = otherwise;
  }

  Violation otherwise() {
    return otherwise;
  }
}
