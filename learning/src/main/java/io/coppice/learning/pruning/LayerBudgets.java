package io.coppice.learning.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** How many weights each prunable layer may have under a bound on all of them, and the mask of the largest ones. */
public final class LayerBudgets {

  private LayerBudgets() {}

  /**
   * The same density in every layer: {@code trunc(density x weights)}, at least 1.
   *
   * @param density in (0, 1]
   * @return one entry a prunable layer
   */
  public static int[] uniform(ParameterLayout layout, double density) {
    checkDensity(density);
    return layout.prunable().stream()
        .mapToInt(weight -> (int) Math.max(1, weight.size() * density))
        .toArray();
  }

  /**
   * More of the small layers and less of the large ones (Erdos-Renyi-Kernel, Evci et al.: Rigging the Lottery, ICML 2020,
   * section 3): a layer's density is proportional to the sum of its dimensions over their product, and layers that would be
   * above 1 are full. Densities are chosen so that all layers together have {@code density x weights}; every layer's number is
   * then truncated, and at least 1.
   *
   * @param density in (0, 1]
   * @return one entry a prunable layer
   */
  public static int[] erdosRenyiKernel(ParameterLayout layout, double density) {
    checkDensity(density);
    List<ParameterTensor> layers = layout.prunable();
    boolean[] full = new boolean[layers.size()];
    double scale = scale(layers, density * layout.prunableSize(), full);
    int[] budgets = new int[layers.size()];
    for (int l = 0; l < budgets.length; l++) {
      ParameterTensor weight = layers.get(l);
      budgets[l] =
          full[l]
              ? weight.size()
              : (int) Math.clamp(weight.size() * (scale * raw(weight)), 1, weight.size());
    }
    return budgets;
  }

  /** The factor on the raw densities with which the layers that are not full spend what the full ones leave. */
  private static double scale(List<ParameterTensor> layers, double budget, boolean[] full) {
    while (true) {
      double left = budget;
      double spent = 0;
      double highest = 0;
      for (int l = 0; l < full.length; l++) {
        ParameterTensor weight = layers.get(l);
        if (full[l]) {
          left -= weight.size();
        } else {
          spent += raw(weight) * weight.size();
          highest = Math.max(highest, raw(weight));
        }
      }
      double scale = left / spent;
      if (!(scale * highest > 1)) {
        return scale;
      }
      for (int l = 0; l < full.length; l++) {
        full[l] |= raw(layers.get(l)) == highest;
      }
    }
  }

  private static double raw(ParameterTensor weight) {
    return (double) weight.shape().stream().mapToInt(Integer::intValue).sum() / weight.size();
  }

  /**
   * The mask of the weights of largest magnitude, exactly so many in every layer; of those that tie, the ones of lower index.
   *
   * @param parameters all parameters, in layout order
   * @param budgets one entry a prunable layer, each from 0 to the layer's weights
   * @throws IllegalArgumentException if a weight is NaN, or the lengths do not fit the layout
   */
  public static Mask largest(ParameterLayout layout, float[] parameters, int[] budgets) {
    MagnitudePruning.checkLength("parameters", parameters, layout);
    List<BitSet> layers = new ArrayList<>();
    for (int l = 0; l < layout.prunable().size(); l++) {
      ParameterTensor weight = layout.prunable().get(l);
      BitSet all = new BitSet(weight.size());
      all.set(0, weight.size());
      layers.add(TopWeights.largest(weight, all, parameters, budgets[l], "value"));
    }
    return Mask.of(layout, layers);
  }

  static void checkDensity(double density) {
    if (!(density > 0 && density <= 1)) {
      throw new IllegalArgumentException(
          "A density is above 0 and at most 1, not " + density + ".");
    }
  }
}
