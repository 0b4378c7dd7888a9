package io.coppice.audit.explain;

import io.coppice.schemas.MaskOrigin;
import java.util.List;
import java.util.Map;

/**
 * A mask that was published after a round, and what it was decided from.
 *
 * @param version its version
 * @param effectiveRound the first round under it
 * @param origin how it came about
 * @param proposedBy the agent whose proposal it is, after initial pruning; else null
 * @param recomputation whether the policy decides the same again
 * @param densityBefore of the mask in force
 * @param densityAfter of the new mask
 * @param stopReason what ended the decision; null after initial pruning, as are the three that follow
 * @param decrease fraction of each layer's active weights that was offered for removal; 0 where the policy does not offer any
 * @param objectiveBefore importance per second of the mask in force; 0 where the policy has no such objective
 * @param objectiveAfter importance per second of the new mask; 0 where the policy has no such objective
 * @param importance what these two are computed from; null where nobody uploads importance, or it is not in the log
 * @param figures further figures of the policy, by name (docs/policies.md)
 * @param probe losses over all contributors that the decision rests on; null where there are none
 * @param probeDensity of the smaller model that agents try from now on; null: none
 * @param cost the cost model that it was decided with
 * @param layers every prunable layer, in layout order
 * @param digest content digest, hexadecimal
 * @param record place of the MaskPublished
 */
public record DecisionFacts(
    int version,
    int effectiveRound,
    MaskOrigin origin,
    String proposedBy,
    Recomputation recomputation,
    double densityBefore,
    double densityAfter,
    String stopReason,
    Double decrease,
    Double objectiveBefore,
    Double objectiveAfter,
    Importance importance,
    Map<String, Double> figures,
    ProbeMeans probe,
    Double probeDensity,
    Cost cost,
    List<LayerDecision> layers,
    String digest,
    String record) {

  /**
   * Sums of the uploaded importance; over the seconds of a round they are the objective.
   *
   * @param before of the weights active in the round, and of {@code unprunable}
   * @param after of the weights active after the decision, and of {@code unprunable}
   * @param unprunable of what is learnt but cannot be pruned
   */
  public record Importance(double before, double after, double unprunable) {}

  /**
   * Losses, means over the samples of all contributors that have reported any.
   *
   * @param previous of the model that the round before started from
   * @param current of the model that the round started from
   * @param smaller of that model with fewer weights
   */
  public record ProbeMeans(double previous, double current, double smaller) {}

  /**
   * What a round costs: {@code fixedSeconds + sum over layers of active weights x secondsPerWeight} of the layer.
   *
   * @param name where the figures come from
   * @param measured whether the agents' devices have been measured for it; else it is the run's own
   * @param fleetQuantile the quantile of the agents' measurements that it is; null if it is the run's own
   * @param fixedSeconds seconds that do not depend on the mask
   * @param communicationSecondsPerWeight seconds to send one active weight up and down
   * @param computationSecondsPerWeight seconds to compute with one active weight, one entry a prunable layer
   * @param secondsBefore of a round under the mask in force
   * @param secondsAfter of a round under the new mask
   */
  public record Cost(
      String name,
      boolean measured,
      Double fleetQuantile,
      double fixedSeconds,
      double communicationSecondsPerWeight,
      List<Double> computationSecondsPerWeight,
      double secondsBefore,
      double secondsAfter) {}
}
