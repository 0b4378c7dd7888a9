package io.coppice.learning.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.util.BitSet;

/**
 * What an agent leaves out of its importance where the run asks for a share of it: that of the pruned weights but those of its
 * largest.
 */
/*
 * A decision sums the importance of what is active, so none of that is left out, and compares pruned weights with the average of
 * it: what it may regrow is of large importance, wherever it lies. Hence the largest of the whole model and not of each layer.
 * What is left out counts as zero, so a weight's sum over the agents is never too large: less may grow than with all
 * importance, but nothing for the want of it.
 */
public final class LargestImportance {

  private LargestImportance() {}

  /**
   * Sets to zero the importance of all pruned weights but the {@code trunc(share x pruned weights)} largest; ties go to the
   * earlier in layout order.
   *
   * @param mask the mask of the round
   * @param importance of all parameters, in layout order; not negative, and NaN is larger than any; changed in place
   * @param share in [0, 1]
   * @throws IllegalArgumentException if the share is out of range or the length does not fit the layout
   */
  public static void keep(Mask mask, float[] importance, double share) {
    ParameterLayout layout = mask.layout();
    MagnitudePruning.checkLength("importance values", importance, layout);
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException(
          "The share of pruned weights is at least 0 and at most 1, not " + share + ".");
    }
    int pruned = layout.prunableSize() - mask.kept();
    int kept = (int) (share * pruned);
    if (kept == pruned) {
      return;
    }
    int threshold = kept == 0 ? Integer.MAX_VALUE : threshold(mask, importance, pruned, kept);
    int ties = kept;
    for (int l = 0; l < layout.prunable().size(); l++) {
      BitWalk walk = walk(mask, l);
      int offset = layout.prunable().get(l).offset();
      while (walk.next()) {
        int count = walk.fill();
        for (int j = 0; j < count; j++) {
          ties -= bits(importance[offset + walk.indices()[j]]) > threshold ? 1 : 0;
        }
      }
    }
    for (int l = 0; l < layout.prunable().size(); l++) {
      BitWalk walk = walk(mask, l);
      int offset = layout.prunable().get(l).offset();
      while (walk.next()) {
        int count = walk.fill();
        for (int j = 0; j < count; j++) {
          int i = offset + walk.indices()[j];
          int bits = bits(importance[i]);
          if (bits < threshold || (bits == threshold && ties-- <= 0)) {
            importance[i] = 0;
          }
        }
      }
    }
  }

  /** Bits of the importance of rank {@code kept} among the pruned weights, from the largest. */
  private static int threshold(Mask mask, float[] importance, int pruned, int kept) {
    int[] bits = new int[pruned];
    int next = 0;
    for (int l = 0; l < mask.layout().prunable().size(); l++) {
      BitWalk walk = walk(mask, l);
      int offset = mask.layout().prunable().get(l).offset();
      while (walk.next()) {
        int count = walk.fill();
        for (int j = 0; j < count; j++) {
          bits[next++] = bits(importance[offset + walk.indices()[j]]);
        }
      }
    }
    return Float.floatToRawIntBits(RadixSelect.select(bits, pruned - kept));
  }

  private static BitWalk walk(Mask mask, int layer) {
    ParameterTensor weight = mask.layout().prunable().get(layer);
    BitSet active = mask.bits(layer);
    return BitWalk.overClear(active, weight.size());
  }

  /** The bits of an importance; those of zero for minus zero. */
  private static int bits(float importance) {
    return Float.floatToRawIntBits(importance + 0f);
  }
}
