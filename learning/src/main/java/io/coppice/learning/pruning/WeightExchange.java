package io.coppice.learning.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The step of progressive pruning (FedTiny, Huang et al., ICDCS 2023, arXiv 2212.01977; RigL, ICML 2020, with gradients that are
 * averaged over agents): one layer gets the pruned weights of the largest gradient, and gives up as many of its smallest active
 * ones. The number of its active weights stays exactly the same.
 */
public final class WeightExchange {

  private WeightExchange() {}

  /**
   * The layer that a decision adjusts: the last one first, then backwards to the first, and round again.
   *
   * @param decision from 0
   * @param layers number of prunable layers, at least 1
   */
  public static int layer(int decision, int layers) {
    return layers - 1 - decision % layers;
  }

  /**
   * How many weights a layer exchanges: {@code trunc(fraction x active)}, at most as many as are pruned.
   *
   * @param fraction in [0, 1)
   */
  public static int count(Mask mask, int layer, double fraction) {
    MagnitudePruning.checkFraction(fraction);
    int active = mask.kept(layer);
    return Math.min((int) (fraction * active), mask.layout().prunable().get(layer).size() - active);
  }

  /**
   * Exchanges weights of one layer. Ties go to the lower index: of equal gradients that weight grows, of equal magnitudes that
   * weight stays. A weight that has just grown is not dropped in the same step.
   *
   * @param parameters all parameters, in layout order
   * @param gradient of all parameters, in layout order; only its magnitude counts, and not its scale
   * @param layer index of a prunable layer
   * @param count at least 0, at most the layer's active weights and at most its pruned ones
   * @throws IllegalArgumentException if a value that is looked at is NaN, or the lengths do not fit the layout
   */
  public static Mask exchange(
      Mask mask, float[] parameters, float[] gradient, int layer, int count) {
    ParameterLayout layout = mask.layout();
    MagnitudePruning.checkLength("parameters", parameters, layout);
    MagnitudePruning.checkLength("gradients", gradient, layout);
    ParameterTensor weight = layout.prunable().get(layer);
    BitSet active = mask.bits(layer);
    BitSet pruned = mask.bits(layer);
    pruned.flip(0, weight.size());
    BitSet after =
        TopWeights.largest(weight, active, parameters, mask.kept(layer) - count, "value");
    after.or(TopWeights.largest(weight, pruned, gradient, count, "gradient"));
    List<BitSet> layers = new ArrayList<>();
    for (int l = 0; l < layout.prunable().size(); l++) {
      layers.add(l == layer ? after : mask.bits(l));
    }
    return Mask.of(layout, layers);
  }
}
