package io.coppice.aggregator.shards;

import io.coppice.aggregator.Fault;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundClosed;
import java.util.Optional;

/** Whether a closed round, as the coordinator tells of it, is one that can be aggregated. */
final class CloseChecks {

  private CloseChecks() {}

  /** What can be said about a close without knowing anything but the close. */
  static Optional<Fault> close(String runId, RoundClosed closed) {
    if (!LogKeys.isName(runId)) {
      return malformed("A run is named by 1 to 64 of a-z, 0-9 and '-'.");
    }
    if (!ContentDigest.of(runId, closed).equals(closed.getDigest())) {
      return Optional.of(
          new Fault(
              RejectReason.DIGEST_MISMATCH,
              "The closed round's digest is not that of its content."));
    }
    if (closed.getDeltaShards() < 1
        || closed.getDeltaShards() > ShardChecks.MAX_SHARDS
        || closed.getImportanceShards() < 0
        || closed.getImportanceShards() > ShardChecks.MAX_SHARDS) {
      return malformed(
          "A round has 1 to %d delta shards and at most as many of importance, not %d and %d.",
          ShardChecks.MAX_SHARDS, closed.getDeltaShards(), closed.getImportanceShards());
    }
    if (closed.getContributors().isEmpty()
        || closed.getContributors().stream()
            .mapToLong(Contributor::getWeight)
            .anyMatch(w -> w < 1)) {
      return malformed("A round closes with contributors, each of a weight of at least 1.");
    }
    return Optional.empty();
  }

  private static Optional<Fault> malformed(String detail, Object... arguments) {
    return Optional.of(Fault.of(RejectReason.MALFORMED, detail, arguments));
  }
}
