package io.coppice.console.compare;

import io.coppice.console.federation.Federation;
import io.coppice.console.federation.RunData;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.training.GradientNorm;
import io.coppice.replay.FoldDetail;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunFollower;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The squared norm of the masked gradient in every round of a run, which PruneFL's convergence theorem bounds on average: of the loss that the federation minimises, by the active parameters, at the model that the round starts from. The
 * models are folded from the log, so a run that has long finished can be looked at as well.
 */
final class GradientNorms {

  private static final Duration POLL = Duration.ofMillis(250);
  private static final int BATCH = 100;

  private GradientNorms() {}

  /**
   * Computes the norms of a finished run.
   *
   * @param samples of each agent that the loss is taken over, its first ones
   * @param out takes a line now and then
   * @return by round
   */
  static SortedMap<Integer, Double> of(
      Federation federation, RunDefinition run, RunData data, int samples, PrintWriter out)
      throws InterruptedException {
    List<Dataset> agents =
        data.agents().stream().map(agent -> first(agent.train(), samples)).toList();
    SortedMap<Integer, Double> norms = new TreeMap<>();
    try (GradientNorm norm =
            new GradientNorm(run.architecture(), run.loss(), BATCH, KernelPolicy.usual());
        RunFollower follower =
            new RunFollower(
                federation.cluster(),
                federation.serdes(),
                run,
                FoldDetail.DELTAS,
                RunFollower.Start.INITIAL_MODEL,
                new RunFollower.Listener() {
                  @Override
                  public void folded(FoldedRound round) {
                    if (round.round() >= 0) {
                      norms.put(round.round(), norm.squared(round.before(), round.mask(), agents));
                      tell(run, round.round(), out);
                    }
                  }
                })) {
      while (!follower.fold().hasModel() || follower.fold().nextRound() <= run.lastRound()) {
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted by the user");
        }
        follower.poll(POLL);
      }
    }
    return norms;
  }

  private static void tell(RunDefinition run, int round, PrintWriter out) {
    if ((round + 1) % 100 == 0 || round == run.lastRound()) {
      out.printf("gradient norms of %s: round %d of %d%n", run.id(), round, run.lastRound());
      out.flush();
    }
  }

  private static Dataset first(Dataset data, int samples) {
    return data.subset(IntStream.range(0, Math.min(samples, data.size())).toArray());
  }
}
