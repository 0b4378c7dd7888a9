package io.coppice.audit.diff;

import io.coppice.schemas.Contributor;
import java.util.List;
import java.util.Optional;

/**
 * What a comparison of two runs has found. Which agents took part, and with which weights, is told but decides nothing: what the
 * model became of does.
 *
 * @param definition fields of the definitions that differ
 * @param incomparable why no round can be compared, one sentence; empty if they can
 * @param contributors the first round whose contributors differ
 * @param parting where they part; empty if they do not, as far as both go
 * @param equalRounds how many rounds are equal, initial pruning included
 * @param firstEnd how far the first run goes, as far as it was read
 * @param secondEnd how far the second run goes, as far as it was read
 */
public record DiffResult(
    List<FieldDifference> definition,
    Optional<String> incomparable,
    Optional<ContributorsDifference> contributors,
    Optional<Parting> parting,
    int equalRounds,
    End firstEnd,
    End secondEnd) {

  /**
   * The first round whose contributors differ.
   *
   * @param first with agent ids and weights
   * @param second with agent ids and weights
   */
  public record ContributorsDifference(
      int round, List<Contributor> first, List<Contributor> second) {}

  /**
   * How far a run was read.
   *
   * @param round the last one that was read in full; one before the run's first if there was none
   * @param why what ends the run there; empty if it goes on
   */
  public record End(int round, Optional<String> why) {}

  /** Whether the runs are equal as far as both go. */
  public boolean equal() {
    return parting.isEmpty() && incomparable.isEmpty();
  }
}
