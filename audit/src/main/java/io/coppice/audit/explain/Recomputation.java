package io.coppice.audit.explain;

import java.util.List;

/**
 * What came of computing a published mask again.
 *
 * @param outcome whether it is the same
 * @param differences the fields of MaskPublished that are not the same, in schema order
 * @param reason why it cannot be the same, or cannot be computed; null where there is no more to say
 */
public record Recomputation(Outcome outcome, List<String> differences, String reason) {

  /** Whether it is the same. */
  public enum Outcome {
    /** Bit for bit. */
    SAME,
    /** It is not what should have been published. */
    DIFFERENT,
    /** What it is computed from is not in the log. */
    IMPOSSIBLE
  }

  static Recomputation of(List<String> differences) {
    return new Recomputation(
        differences.isEmpty() ? Outcome.SAME : Outcome.DIFFERENT, List.copyOf(differences), null);
  }

  static Recomputation different(String field, String reason) {
    return new Recomputation(Outcome.DIFFERENT, List.of(field), reason);
  }

  static Recomputation impossible(String reason) {
    return new Recomputation(Outcome.IMPOSSIBLE, List.of(), reason);
  }
}
