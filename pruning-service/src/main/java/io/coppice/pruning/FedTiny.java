package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.pruning.DecisionRounds;
import io.coppice.learning.pruning.LayerBudgets;
import io.coppice.learning.pruning.ReconfigurationSchedule;
import io.coppice.learning.pruning.WeightExchange;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionUpload;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Progressive pruning (FedTiny, Huang et al., ICDCS 2023, arXiv 2212.01977): under a fixed density one layer at a time, from the
 * output backwards, exchanges small weights for pruned ones of large gradient ({@link WeightExchange}).
 *
 * <p>Of the paper's granularities (layer, block, entire model) this is the layer. The paper's other module, the selection of the
 * initial mask by batch normalisation on the agents, is not part of it: not every network here has batch normalisation.
 */
public final class FedTiny extends SparseTraining {

  /** What a layer would exchange in round 0: the paper's 0.15 (1 + cos). */
  private static final double MAX_FRACTION = 0.3;

  @Override
  public String name() {
    return "fedtiny";
  }

  @Override
  public String summary() {
    return "a fixed density; layer by layer, small weights are exchanged for large gradients";
  }

  /** A third: the paper's runs of 300 rounds stop at round 100. */
  @Override
  int lastExchange(int rounds) {
    return rounds / 3;
  }

  @Override
  DecisionUpload upload() {
    return DecisionUpload.GRADIENT;
  }

  @Override
  int[] budgets(ParameterLayout layout, double density) {
    return LayerBudgets.uniform(layout, density);
  }

  @Override
  public Decider begin(RunDefinition run) {
    return FedTiny::decide;
  }

  private static Decision decide(RoundOutcome round) {
    DecisionRounds rounds = round.run().decisions();
    Mask mask = round.mask();
    int decision = (round.round() - rounds.first()) / rounds.every();
    int layer = WeightExchange.layer(decision, mask.layout().prunable().size());
    double fraction =
        ReconfigurationSchedule.cosineDecrease(round.round(), MAX_FRACTION, rounds.last());
    int count = WeightExchange.count(mask, layer, fraction);
    // The sum over agents orders weights as the mean does.
    Mask after = WeightExchange.exchange(mask, round.parameters(), round.upload(), layer, count);
    return new Decision(
        after,
        fraction,
        0,
        0,
        "exchanged",
        Map.of("layer", (double) layer, "exchanged", (double) count),
        OptionalDouble.empty());
  }
}
