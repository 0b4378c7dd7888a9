package io.coppice.learning.pruning;

/**
 * In which rounds the mask is decided anew (PruneFL section IV-B), as the authors' code has it: the question is only asked in
 * rounds that are evaluated; the first reconfiguration comes once as many rounds as an interval have been evaluated over, and
 * from there on every interval. Where the interval is no multiple of the evaluation interval, the distance between
 * reconfigurations is therefore their least common multiple.
 *
 * @param evaluateEvery rounds between two evaluations, at least 1
 * @param reconfigureEvery rounds between two mask decisions, at least 1
 */
public record ReconfigurationSchedule(int evaluateEvery, int reconfigureEvery) {

  public ReconfigurationSchedule {
    if (evaluateEvery < 1 || reconfigureEvery < 1) {
      throw new IllegalArgumentException(
          "Intervals are at least 1 round, not " + Math.min(evaluateEvery, reconfigureEvery) + ".");
    }
  }

  /**
   * Whether the mask is decided after the aggregate of this round.
   *
   * @param round from 0
   */
  public boolean isReconfiguration(int round) {
    if (round % evaluateEvery != 0) {
      return false;
    }
    int anchor = Math.ceilDiv(reconfigureEvery, evaluateEvery) * evaluateEvery;
    return round >= anchor && (round - anchor) % reconfigureEvery == 0;
  }

  /**
   * Fraction of each layer's active weights that the decision of a round offers for removal: halved every {@code halfLife}
   * rounds.
   *
   * @param maxDecrease the fraction in round 0, in [0, 1)
   * @param halfLife in rounds, above 0
   */
  public static double decrease(int round, double maxDecrease, double halfLife) {
    return maxDecrease * Math.pow(0.5, round / halfLife);
  }
}
