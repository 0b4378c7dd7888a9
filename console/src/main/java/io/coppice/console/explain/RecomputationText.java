package io.coppice.console.explain;

import io.coppice.audit.explain.Recomputation;

/** What came of computing a mask again, as a clause. */
final class RecomputationText {

  private RecomputationText() {}

  static String of(Recomputation recomputation) {
    return switch (recomputation.outcome()) {
      case SAME -> "computed again it is the same, bit for bit";
      case DIFFERENT ->
          "IT IS NOT WHAT IT SHOULD BE: "
              + String.join(", ", recomputation.differences())
              + (recomputation.reason() == null
                  ? " differ from what is computed again"
                  : ", " + sentence(recomputation.reason()));
      case IMPOSSIBLE -> "it cannot be computed again: " + sentence(recomputation.reason());
    };
  }

  /** Without the full stop, which follows. */
  private static String sentence(String reason) {
    return reason.replaceFirst("\\.$", "");
  }
}
