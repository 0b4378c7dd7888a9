package io.coppice.replay;

/**
 * A record that does not hold, and so counts for nobody who follows its run (docs/architecture.md, "Records that do not hold").
 *
 * @param at where it lies
 * @param detail what was found and what was expected, one sentence
 */
public record IgnoredRecord(LogPosition at, Reason reason, String detail) {

  /** Why a record is ignored. */
  public enum Reason {
    /** Not a record of the topic's schema. */
    UNDECODABLE,
    /** It does not belong to the run, key or partition under which it lies. */
    MISPLACED,
    /** Its digest is not that of its content. */
    DIGEST_MISMATCH,
    /** Its fields contradict each other, the run's definition, or the round they name. */
    MALFORMED,
    /** It does not follow what the log holds before it. */
    OUT_OF_ORDER,
    /** The log holds a valid record of the same thing before it. */
    DUPLICATE
  }

  /** Takes what is ignored. */
  @FunctionalInterface
  public interface Listener {
    void ignored(IgnoredRecord record);
  }
}
