package io.coppice.learning.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Pruning once, before training proper (SNIP, Lee et al., ICLR 2019), as PruneFL's authors compare with it in federated learning
 * ({@code bases/fl/simulation/snip.py} of their code): a weight's connection sensitivity {@code |weight x gradient|} is taken from one round
 * of ordinary training, whose average increment over the learning rate stands for the gradient.
 *
 * <p>The threshold is the {@code trunc(density x weights)}-th largest sensitivity of all layers together, counted from 0, and
 * what reaches it stays: so at least one weight more than the truncated share is active, and more where weights tie. Where the
 * threshold is 0, because fewer weights than that have had a gradient at all (of an image's border that is never bright, say),
 * nothing is pruned. A layer may lose all its weights.
 */
public final class Snip {

  private Snip() {}

  /**
   * Decides the mask.
   *
   * @param before the model that the round started from, all parameters in layout order
   * @param delta what the round has added to it
   * @param learningRate of that round, above 0
   * @param density in (0, 1)
   * @throws IllegalArgumentException if the density is out of range, a sensitivity is NaN, or the lengths do not fit the layout
   */
  public static Mask decide(
      ParameterLayout layout, float[] before, float[] delta, double learningRate, double density) {
    if (!(density > 0 && density < 1)) {
      throw new IllegalArgumentException(
          "SNIP leaves a density above 0 and below 1, not " + density + ".");
    }
    MagnitudePruning.checkLength("parameters", before, layout);
    MagnitudePruning.checkLength("increments", delta, layout);
    int[] scores = new int[layout.prunableSize()];
    int next = 0;
    for (ParameterTensor weight : layout.prunable()) {
      for (int i = weight.offset(); i < weight.end(); i++) {
        float score = sensitivity(before[i], delta[i], learningRate);
        if (Float.isNaN(score)) {
          throw new IllegalArgumentException(
              String.format(
                  "The sensitivity of weight %d of layer %s is NaN, so it cannot be compared.",
                  i - weight.offset(), weight.layer()));
        }
        scores[next++] = Float.floatToRawIntBits(score);
      }
    }
    int rank = scores.length - 1 - (int) (density * scores.length);
    float threshold = RadixSelect.select(scores, Math.max(rank, 0));
    List<BitSet> layers = new ArrayList<>();
    for (ParameterTensor weight : layout.prunable()) {
      BitSet bits = new BitSet(weight.size());
      for (int i = weight.offset(); i < weight.end(); i++) {
        bits.set(i - weight.offset(), sensitivity(before[i], delta[i], learningRate) >= threshold);
      }
      layers.add(bits);
    }
    return Mask.of(layout, layers);
  }

  private static float sensitivity(float weight, float delta, double learningRate) {
    return (float) Math.abs((double) weight * delta / learningRate);
  }
}
