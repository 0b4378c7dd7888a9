package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.pruning.LayerBudgets;
import io.coppice.learning.pruning.ThompsonSampling;
import io.coppice.learning.random.SplitMix64;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionUpload;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * FedRTS (Huang et al., NeurIPS 2025, arXiv 2501.19122): under a fixed density, agents vote for weights, and what is active is
 * drawn from what all votes so far make likely ({@link ThompsonSampling}).
 *
 * <p>The authors' server sees every agent's model and updates its belief of active weights after every round. Here agents are only
 * asked in rounds after which the mask is adjusted, because their votes are as long as the dense model.
 */
public final class FedRts extends SparseTraining {

  private static final long STREAM = SplitMix64.seed("fedrts");

  @Override
  public String name() {
    return "fedrts";
  }

  @Override
  public String summary() {
    return "a fixed density; which weights is drawn from what the agents have voted for so far";
  }

  /** Three fifths: the authors' runs of 500 rounds stop at round 300. */
  @Override
  int lastExchange(int rounds) {
    return (int) (3L * rounds / 5);
  }

  @Override
  DecisionUpload upload() {
    return DecisionUpload.VOTES;
  }

  @Override
  int[] budgets(ParameterLayout layout, double density) {
    return LayerBudgets.erdosRenyiKernel(layout, density);
  }

  @Override
  public Decider begin(RunDefinition run) {
    return new Adjustment(run);
  }

  /** What is remembered of one run. */
  private static final class Adjustment implements Decider {
    private final RunDefinition run;
    private final ThompsonSampling sampling;

    Adjustment(RunDefinition run) {
      this.run = run;
      this.sampling = new ThompsonSampling(run.layout());
    }

    @Override
    public boolean remembers() {
      return true;
    }

    @Override
    public Decision decide(RoundOutcome round) {
      double fraction = ThompsonSampling.adjustedFraction(round.round(), run.decisions().last());
      Mask after =
          sampling.adjust(
              round.mask(),
              round.parameters(),
              mean(round.upload(), round.totalWeight()),
              fraction,
              SplitMix64.seed(run.run().getSeed(), STREAM, round.round()));
      double exchanged = Arrays.stream(after.grownSince(round.mask())).sum();
      return new Decision(
          after, fraction, 0, 0, "drawn", Map.of("exchanged", exchanged), OptionalDouble.empty());
    }

    private static float[] mean(float[] sum, long weight) {
      float[] mean = new float[sum.length];
      for (int i = 0; i < sum.length; i++) {
        mean[i] = sum[i] / weight;
      }
      return mean;
    }
  }
}
