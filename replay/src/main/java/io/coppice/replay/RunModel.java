package io.coppice.replay;

import io.coppice.learning.model.Mask;
import io.coppice.replay.RunFollower.Start;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import java.time.Duration;
import java.util.Optional;

/**
 * The model that a round of a run has ended with, as the log tells it: folded up to that round, under the mask that is in force
 * from then on. It is what the next round starts from, so a mask that was decided after the round has already pruned it.
 *
 * @param round the round; one before the run's first for the initial model
 * @param maskVersion version of the mask
 * @param mask the mask
 * @param parameters all parameters in layout order, pruned ones with some value
 */
public record RunModel(int round, int maskVersion, Mask mask, float[] parameters) {

  private static final Duration POLL = Duration.ofMillis(250);

  /**
   * The model after the last round that the log holds in full.
   *
   * @return empty if the run has no model yet
   */
  public static Optional<RunModel> newest(
      ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    return folded(cluster, serdes, run, Start.NEWEST_CHECKPOINT, Integer.MAX_VALUE);
  }

  /**
   * The model after a round: folded from the newest checkpoint where that is not younger, else from the initial model.
   *
   * @param round at least one before the run's first, for the model that this starts from
   * @return the model after that round, or after the last one before it that the log leads to; empty if the run has no model
   *     yet
   */
  public static Optional<RunModel> after(
      int round, ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    Optional<RunModel> found = folded(cluster, serdes, run, Start.NEWEST_CHECKPOINT, round);
    return found.isPresent() && found.get().round() > round
        ? folded(cluster, serdes, run, Start.INITIAL_MODEL, round)
        : found;
  }

  private static Optional<RunModel> folded(
      ClusterConfig cluster, LogSerdes serdes, RunDefinition run, Start start, int lastRound) {
    try (RunFollower follower =
        new RunFollower(
            cluster,
            serdes,
            run,
            FoldDetail.MODEL,
            start,
            lastRound,
            new RunFollower.Listener() {})) {
      do {
        follower.poll(POLL);
      } while (!follower.hasReadHistory());
      ModelFold fold = follower.fold();
      return fold.hasModel()
          ? Optional.of(
              new RunModel(
                  fold.nextRound() - 1, fold.maskVersion(), fold.mask(), fold.parameters()))
          : Optional.empty();
    }
  }
}
