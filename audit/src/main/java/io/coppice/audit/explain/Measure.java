package io.coppice.audit.explain;

import io.coppice.schemas.DecisionUpload;
import java.util.Locale;
import java.util.Optional;

/** What is known of every weight when a mask is decided. */
public enum Measure {
  /** Accumulated squared gradients times samples, summed over agents (PruneFL). */
  IMPORTANCE,
  /** Magnitude of the mean gradient over all samples of the round (FedTiny). */
  GRADIENT,
  /** Share of the round's samples whose agents have voted for the weight, in [0, 1] (FedRTS). */
  VOTES,
  /** Magnitude of the weight's value after the round; of a pruned one, the last that it had. */
  MAGNITUDE;

  /** The name under which it is found in an explanation. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What agents upload; empty where it is nothing. */
  static Optional<Measure> uploaded(DecisionUpload upload) {
    return switch (upload) {
      case NOTHING -> Optional.empty();
      case IMPORTANCE -> Optional.of(IMPORTANCE);
      case GRADIENT -> Optional.of(GRADIENT);
      case VOTES -> Optional.of(VOTES);
    };
  }
}
