package io.coppice.learning.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.util.BitSet;

/**
 * What one agent says about every weight in a round after which FedRTS adjusts the mask (the individual outcomes of {@link
 * ThompsonSampling}): 1 for a weight that it would have active, else 0.
 */
public final class Votes {

  private Votes() {}

  /**
   * An agent's votes. Of a layer's K active weights it votes for the {@code K - trunc(fraction x K)} largest, and of its pruned
   * ones for the {@code trunc(fraction x K)} of the largest gradient, or all if there are fewer. Ties go to the lower index.
   *
   * @param mask the mask of the round
   * @param parameters of the agent after its local training, all in layout order; only active weights are looked at
   * @param gradient of all parameters, in layout order; only pruned weights are looked at, and the scale does not matter
   * @param fraction what {@link ThompsonSampling#adjustedFraction} says for the round, in [0, 1)
   * @return one value a parameter, in layout order: 0 or 1; 0 for parameters that cannot be pruned
   * @throws IllegalArgumentException if the fraction is out of range, a value that is looked at is NaN, or the lengths do not fit
   *     the layout
   */
  public static float[] of(Mask mask, float[] parameters, float[] gradient, double fraction) {
    ParameterLayout layout = mask.layout();
    MagnitudePruning.checkFraction(fraction);
    MagnitudePruning.checkLength("parameters", parameters, layout);
    MagnitudePruning.checkLength("gradients", gradient, layout);
    float[] votes = new float[layout.size()];
    for (int l = 0; l < layout.prunable().size(); l++) {
      ParameterTensor weight = layout.prunable().get(l);
      BitSet pruned = mask.bits(l);
      pruned.flip(0, weight.size());
      BitSet chosen = core(mask, l, parameters, fraction);
      chosen.or(
          TopWeights.largest(
              weight, pruned, gradient, WeightExchange.count(mask, l, fraction), "gradient"));
      BitWalk walk = BitWalk.overSet(chosen, weight.size());
      while (walk.next()) {
        int count = walk.fill();
        for (int j = 0; j < count; j++) {
          votes[weight.offset() + walk.indices()[j]] = 1;
        }
      }
    }
    return votes;
  }

  /** The active weights of a layer that a model would keep: the {@code K - trunc(fraction x K)} largest. */
  static BitSet core(Mask mask, int layer, float[] parameters, double fraction) {
    int active = mask.kept(layer);
    return TopWeights.largest(
        mask.layout().prunable().get(layer),
        mask.bits(layer),
        parameters,
        active - (int) (fraction * active),
        "value");
  }
}
