package io.coppice.audit;

import java.util.Optional;

/**
 * What came out.
 *
 * @param runId the run
 * @param rounds closed rounds that hold
 * @param lastRound the last of them; one before the run's first if there is none
 * @param recomputedFrom the first round that was recomputed, and not only held against the ledger's chain
 * @param updates updates that were counted in these rounds
 * @param rejected submissions that were rejected
 * @param aggregates shards that were recomputed
 * @param masks masks that were decided again
 * @param checkpoints shards of checkpoints that were compared with the model
 * @param updateBytes bytes of the updates that were summed
 * @param finished whether the run's end was reached and holds
 * @param head digest of the last entry of the chain that holds, in hexadecimal: the seal, where the run is finished; empty if
 *     there is none
 * @param pending what is not there yet of a run that is still going on; empty if nothing
 * @param withoutVerdict submissions behind the last closed round that the ledger says nothing of
 * @param violation the first thing that does not hold; empty if all does
 */
public record Verification(
    String runId,
    int rounds,
    int lastRound,
    int recomputedFrom,
    long updates,
    long rejected,
    long aggregates,
    int masks,
    long checkpoints,
    long updateBytes,
    boolean finished,
    String head,
    Optional<String> pending,
    int withoutVerdict,
    Optional<Violation> violation) {

  /** Whether everything that was looked at holds. */
  public boolean holds() {
    return violation.isEmpty();
  }
}
