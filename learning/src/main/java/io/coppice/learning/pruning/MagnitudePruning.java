package io.coppice.learning.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Removes the smallest active weights of every layer, without growth: the step that iterative pruning repeats, and the first
 * half of a {@link MaskDecision}.
 *
 * <p>Of a layer's n active weights {@code r = trunc(n x fraction)} are offered for removal. What goes is what lies strictly
 * below the r-th smallest magnitude, counted from 0: weights that tie with it all stay, so fewer than r may go, and where r is
 * 0 the layer stays as it is.
 */
public final class MagnitudePruning {

  private MagnitudePruning() {}

  /**
   * Offers the same fraction of each layer's active weights for removal.
   *
   * @param parameters all parameters, in layout order; only active weights are looked at
   * @param fraction in [0, 1)
   * @throws IllegalArgumentException if the fraction is out of range, a layer has no active weights left, an active weight
   *     is NaN, or {@code parameters} has not the layout's length
   */
  public static Mask prune(Mask mask, float[] parameters, double fraction) {
    checkFraction(fraction);
    ParameterLayout layout = mask.layout();
    checkLength("parameters", parameters, layout);
    List<BitSet> layers = new ArrayList<>();
    for (int l = 0; l < layout.prunable().size(); l++) {
      ParameterTensor weight = layout.prunable().get(l);
      if (mask.kept(l) == 0) {
        throw new IllegalArgumentException(
            "Layer " + weight.layer() + " has no active weights left, so none can be pruned.");
      }
      layers.add(largest(weight, mask.bits(l), parameters, fraction));
    }
    return Mask.of(layout, layers);
  }

  /**
   * The mask of the largest weights: every weight is active, then a fraction of {@code 1 - density} of each layer is offered for
   * removal. What a weight was pruned with before counts like any other value.
   *
   * @param parameters all parameters, in layout order, pruned ones with their last value
   * @param density in (0, 1]
   * @throws IllegalArgumentException if the density is out of range, a weight is NaN, or {@code parameters} has not the layout's
   *     length
   */
  public static Mask toDensity(ParameterLayout layout, float[] parameters, double density) {
    LayerBudgets.checkDensity(density);
    return prune(Mask.full(layout), parameters, 1 - density);
  }

  /**
   * The active weights of one layer that stay.
   *
   * @param active bit i for the i-th weight in row-major order; may be empty
   * @param parameters all parameters, in layout order; only active weights are looked at
   * @param fraction of the active weights that is offered for removal, in [0, 1)
   * @throws IllegalArgumentException if an active weight is NaN
   */
  public static BitSet largest(
      ParameterTensor weight, BitSet active, float[] parameters, double fraction) {
    int[] magnitudes = magnitudes(weight, active, parameters);
    int offered = (int) (magnitudes.length * fraction);
    if (offered == 0) {
      return (BitSet) active.clone();
    }
    float threshold = RadixSelect.select(magnitudes, offered);
    long[] largest = new long[(weight.size() + Long.SIZE - 1) / Long.SIZE];
    BitWalk walk = BitWalk.overSet(active, weight.size());
    for (int w = 0; walk.next(); w++) {
      int count = walk.fill();
      for (int j = 0; j < count; j++) {
        int i = walk.indices()[j];
        long stays = Math.abs(parameters[weight.offset() + i]) < threshold ? 0 : 1;
        largest[w] |= stays << i;
      }
    }
    return BitSet.valueOf(largest);
  }

  private static int[] magnitudes(ParameterTensor weight, BitSet active, float[] parameters) {
    int[] magnitudes = new int[active.cardinality()];
    int next = 0;
    BitWalk walk = BitWalk.overSet(active, weight.size());
    while (walk.next()) {
      int count = walk.fill();
      for (int j = 0; j < count; j++) {
        int i = walk.indices()[j];
        float magnitude = Math.abs(parameters[weight.offset() + i]);
        if (Float.isNaN(magnitude)) {
          throw new IllegalArgumentException(
              "Weight " + i + " of layer " + weight.layer() + " is NaN, so it has no magnitude.");
        }
        magnitudes[next++] = Float.floatToRawIntBits(magnitude);
      }
    }
    return magnitudes;
  }

  static void checkFraction(double fraction) {
    if (!(fraction >= 0 && fraction < 1)) {
      throw new IllegalArgumentException(
          "The fraction of weights to remove is at least 0 and below 1, not " + fraction + ".");
    }
  }

  static void checkLength(String what, float[] values, ParameterLayout layout) {
    if (values.length != layout.size()) {
      throw new IllegalArgumentException(
          String.format(
              "The model has %d parameters, but there are %d %s.",
              layout.size(), values.length, what));
    }
  }
}
