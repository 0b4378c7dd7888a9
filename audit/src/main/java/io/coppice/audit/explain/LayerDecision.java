package io.coppice.audit.explain;

import java.util.List;
import java.util.Map;

/**
 * A prunable layer before and after a decision.
 *
 * @param name as in the architecture
 * @param shape of the weight tensor, output units first
 * @param weights the product of the shape
 * @param before weights that were active
 * @param kept weights that were active and still are
 * @param retained of those, the ones that the policy had offered for removal and has taken again; 0 where it compares no importance
 * @param removed weights that were active and are not any more
 * @param regrown weights that were not active and now are
 * @param after weights that are active now
 * @param densityBefore before / weights, in [0, 1]
 * @param densityAfter after / weights, in [0, 1]
 * @param secondsPerWeight seconds that an active weight costs a round, by the cost model of the decision
 * @param measures what is known of the weights, by the name of the {@link Measure}; empty where the log does not lead to the model
 * @param threshold where taking weights ended; null where the policy compares no importance
 */
public record LayerDecision(
    String name,
    List<Integer> shape,
    int weights,
    int before,
    int kept,
    int retained,
    int removed,
    int regrown,
    int after,
    double densityBefore,
    double densityAfter,
    double secondsPerWeight,
    Map<String, ByFate> measures,
    Threshold threshold) {

  /**
   * Figures of a measure for what has become of the weights. Each weight is in one of five.
   *
   * @param kept active before and after, and not offered for removal
   * @param retained offered for removal and taken again
   * @param removed active before
   * @param regrown active after
   * @param pruned active neither before nor after
   */
  public record ByFate(
      Figures kept, Figures retained, Figures removed, Figures regrown, Figures pruned) {

    Figures of(Fate fate) {
      return switch (fate) {
        case KEPT -> kept;
        case RETAINED -> retained;
        case REMOVED -> removed;
        case REGROWN -> regrown;
        case PRUNED -> pruned;
      };
    }
  }

  /**
   * Figures of some weights.
   *
   * @param count their number
   * @param sum of the measure, in double, in the order of their indices
   * @param least the smallest; null if there is no weight
   * @param most the largest; null if there is no weight
   */
  public record Figures(int count, double sum, Double least, Double most) {}

  /**
   * Importance per second, that is importance / {@code secondsPerWeight}, on both sides of the line. What is taken lies above
   * {@code objectiveAfter} and what is dropped does not, unless a bound on the density has ended growth before.
   *
   * @param leastKept the lowest of the weights that are active now, those included that were not offered for removal because they
   *     are large; null if there is none
   * @param leastTaken the lowest of the candidates that are active now: retained and regrown ones; null if there is none
   * @param mostDropped the highest of the weights that are not active now; null if there is none
   */
  public record Threshold(Double leastKept, Double leastTaken, Double mostDropped) {}
}
