package io.coppice.learning.pruning;

/**
 * Iterative magnitude pruning to a given density, a baseline of PruneFL's authors ({@code
 * bases/fl/simulation/iterative.py} of their code): the first half of a run is cut into 20 intervals, and after each of them every layer loses the same fraction of
 * its active weights ({@link MagnitudePruning}).
 *
 * <p>Because a count of weights is truncated, a layer ends with at least its share of the density, and (unless weights tie) with
 * less than {@code density x weights + (1 - density) / rate}: the absolute error is a few weights a layer, but a layer of fewer
 * than {@code 1 / rate} weights loses none at all.
 */
public final class IterativePruning {

  /** Number of prunings in a run. */
  public static final int PRUNINGS = 20;

  private IterativePruning() {}

  /**
   * After which rounds a run is pruned: every {@code trunc(rounds / 2 / 20)}, 20 times.
   *
   * @param rounds of the run
   * @throws IllegalArgumentException if the run is too short for so many prunings
   */
  public static DecisionRounds rounds(int rounds) {
    int every = rounds / (2 * PRUNINGS);
    if (every < 1) {
      throw new IllegalArgumentException(
          String.format(
              "Iterative pruning prunes %d times in the first half of a run, so the run needs at least %d rounds, not %d.",
              PRUNINGS, 2 * PRUNINGS, rounds));
    }
    return new DecisionRounds(every, every, every * PRUNINGS);
  }

  /**
   * The fraction of a layer's active weights that each pruning removes so that a given density is left in the end: {@code 1 -
   * density^(1 / prunings)}.
   *
   * @param density in (0, 1]
   * @param prunings at least 1
   */
  public static double rate(double density, int prunings) {
    LayerBudgets.checkDensity(density);
    return 1 - StrictMath.pow(density, 1.0 / prunings);
  }
}
