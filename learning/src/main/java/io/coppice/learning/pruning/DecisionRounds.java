package io.coppice.learning.pruning;

/**
 * The rounds after which a mask is decided: the first one, and from there every so many rounds up to the last.
 *
 * @param first at least 0
 * @param every rounds from one to the next, at least 1
 * @param last no later round is one; below {@code first}: there is none
 */
public record DecisionRounds(int first, int every, int last) {

  /** No round at all. */
  public static final DecisionRounds NONE = new DecisionRounds(0, 1, -1);

  public DecisionRounds {
    if (first < 0 || every < 1) {
      throw new IllegalArgumentException(
          String.format(
              "Masks are decided from round 0 on and at least 1 round apart, not from round %d on and"
                  + " %d apart.",
              first, every));
    }
  }

  /** Whether the mask is decided after the aggregate of this round. */
  public boolean contains(int round) {
    return round >= first && round <= last && (round - first) % every == 0;
  }

  /** Number of these rounds. */
  public int count() {
    return last < first ? 0 : (last - first) / every + 1;
  }
}
