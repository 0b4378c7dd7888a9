package io.coppice.learning.pruning;

/** After which rounds masks are decided, and how much of a layer a decision may change. */
public final class ReconfigurationSchedule {

  private ReconfigurationSchedule() {}

  /**
   * The rounds of adaptive pruning (PruneFL), as the authors' code has it: the question is only asked in rounds that
   * are evaluated; the first reconfiguration comes once as many rounds as an interval have been evaluated over, and from there on
   * every interval. Where the interval is no multiple of the evaluation interval, the distance between reconfigurations is
   * therefore their least common multiple.
   *
   * @param evaluateEvery rounds between two evaluations, at least 1
   * @param reconfigureEvery rounds between two mask decisions, at least 1
   * @param last the last round of the run
   * @throws IllegalArgumentException if an interval is below 1
   */
  public static DecisionRounds adaptive(int evaluateEvery, int reconfigureEvery, int last) {
    if (evaluateEvery < 1 || reconfigureEvery < 1) {
      throw new IllegalArgumentException(
          "Intervals are at least 1 round, not " + Math.min(evaluateEvery, reconfigureEvery) + ".");
    }
    long first = (long) Math.ceilDiv(reconfigureEvery, evaluateEvery) * evaluateEvery;
    long every = (long) reconfigureEvery / gcd(reconfigureEvery, evaluateEvery) * evaluateEvery;
    // No run has so many rounds that a longer interval would make a difference.
    return new DecisionRounds(
        (int) Math.min(first, Integer.MAX_VALUE), (int) Math.min(every, Integer.MAX_VALUE), last);
  }

  private static int gcd(int a, int b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  /**
   * Fraction of each layer's active weights that the decision of a round offers for removal: halved every {@code halfLife}
   * rounds (PruneFL).
   *
   * @param maxDecrease the fraction in round 0, in [0, 1)
   * @param halfLife in rounds, above 0
   */
  public static double decrease(int round, double maxDecrease, double halfLife) {
    return maxDecrease * StrictMath.pow(0.5, round / halfLife);
  }

  /**
   * Fraction of each layer's active weights that the decision of a round exchanges: falls along half a cosine to 0 in the last
   * one (FedTiny, FedRTS; the schedule is that of RigL, ICML 2020).
   *
   * @param maxDecrease the fraction in round 0, in [0, 1)
   * @param last the round in which it is 0, at least 1
   */
  public static double cosineDecrease(int round, double maxDecrease, int last) {
    return maxDecrease / 2 * (1 + StrictMath.cos(Math.PI * Math.min(round, last) / last));
  }
}
