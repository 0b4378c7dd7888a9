package io.coppice.learning.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Decides which weights are active next: the mask that gains most per second (PruneFL).
 *
 * <p>First the smallest active weights of each layer are set aside ({@link MagnitudePruning}); together with the pruned weights
 * they are the candidates. Then candidates are taken in the order of their importance per second, for as long as the next one's
 * rate is strictly above what all that is kept gains per second, {@code (sum of importance) / (seconds of a round)}. Biases and
 * tensors that cannot be pruned gain, and cost nothing. Running statistics neither gain nor cost: they have no gradient.
 */
public final class MaskDecision {

  /** Why growth ended. */
  public enum StopReason {
    /** The next candidate would not have raised the importance per second. */
    THRESHOLD,
    /** The density limit was reached. */
    MAX_DENSITY,
    /** There was no candidate left. */
    EXHAUSTED
  }

  /**
   * A new mask and how it came about.
   *
   * @param mask the new mask
   * @param numeratorStart importance of what was left when the smallest weights were set aside
   * @param denominatorStart seconds of a round with what was left then
   * @param objectiveBefore importance per second of the old mask
   * @param objectiveAfter importance per second of the new mask
   * @param removed weights that were active and are not any more, one entry a prunable layer
   * @param regrown weights that were pruned and are active now, one entry a prunable layer
   * @param stopReason why growth ended
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Result(
      Mask mask,
      double numeratorStart,
      double denominatorStart,
      double objectiveBefore,
      double objectiveAfter,
      int[] removed,
      int[] regrown,
      StopReason stopReason) {

    public Result {
      removed = removed.clone();
      regrown = regrown.clone();
    }

    @Override
    public int[] removed() {
      return removed.clone();
    }

    @Override
    public int[] regrown() {
      return regrown.clone();
    }
  }

  private MaskDecision() {}

  /**
   * Decides a new mask. Sums are in double and in a fixed order; ties go to the lower layer, then to the lower row-major index:
   * the same input gives the same mask on every machine. The unit of the importance does not matter.
   *
   * @param mask the mask in force; a layer without any active weight may grow again
   * @param parameters all parameters, in layout order; only active weights are looked at
   * @param importance of all parameters, in layout order; finite and at least 0; that of running statistics does not count
   * @param cost seconds of a round; each layer's seconds per weight are above 0
   * @param decrease fraction of each layer's active weights to set aside first, in [0, 1)
   * @param maxDensity where present, in [0, 1]: growth stops once more than this fraction of all prunable weights is active, so
   *     one weight more than the fraction may be; no weight is removed for its sake
   * @throws IllegalArgumentException if an argument is out of its range, or the sizes do not fit each other
   */
  public static Result decide(
      Mask mask,
      float[] parameters,
      float[] importance,
      CostModel cost,
      double decrease,
      OptionalDouble maxDensity) {
    ParameterLayout layout = mask.layout();
    MagnitudePruning.checkFraction(decrease);
    MagnitudePruning.checkLength("parameters", parameters, layout);
    MagnitudePruning.checkLength("importance values", importance, layout);
    checkImportance(importance, layout);
    checkCost(cost, layout);
    long limit = limit(maxDensity, layout);

    List<BitSet> before = new ArrayList<>();
    List<BitSet> keep = new ArrayList<>();
    for (int l = 0; l < layout.prunable().size(); l++) {
      before.add(mask.bits(l));
      keep.add(
          MagnitudePruning.largest(layout.prunable().get(l), before.get(l), parameters, decrease));
    }
    double numerator = importanceOf(keep, importance, layout);
    double denominator = seconds(keep, cost);
    MaskGrowth growth =
        MaskGrowth.from(keep, layout.prunable(), importance, cost, numerator, denominator);
    StopReason stopReason = growth.run(limit);
    Mask after = Mask.of(layout, keep);
    return new Result(
        after,
        numerator,
        denominator,
        importanceOf(before, importance, layout) / seconds(before, cost),
        growth.ratio(),
        mask.grownSince(after),
        after.grownSince(mask),
        stopReason);
  }

  /** The number of active weights above which growth stops. */
  private static long limit(OptionalDouble maxDensity, ParameterLayout layout) {
    if (maxDensity.isEmpty()) {
      return Long.MAX_VALUE;
    }
    double density = maxDensity.getAsDouble();
    if (!(density >= 0 && density <= 1)) {
      throw new IllegalArgumentException(
          "The highest density is at least 0 and at most 1, not " + density + ".");
    }
    return (long) (layout.prunableSize() * density);
  }

  /** Importance of some weights of each prunable layer and of all that is learned but cannot be pruned. */
  private static double importanceOf(
      List<BitSet> weights, float[] importance, ParameterLayout layout) {
    double total = 0;
    int layer = 0;
    for (ParameterTensor tensor : layout.tensors()) {
      double sum = 0;
      if (tensor.prunable()) {
        BitWalk walk = BitWalk.overSet(weights.get(layer++), tensor.size());
        while (walk.next()) {
          int count = walk.fill();
          for (int j = 0; j < count; j++) {
            sum += importance[tensor.offset() + walk.indices()[j]];
          }
        }
      } else if (tensor.role().learned()) {
        for (int i = tensor.offset(); i < tensor.end(); i++) {
          sum += importance[i];
        }
      }
      total += sum;
    }
    return total;
  }

  private static double seconds(List<BitSet> weights, CostModel cost) {
    double seconds = cost.roundSeconds(weights.stream().mapToInt(BitSet::cardinality).toArray());
    if (seconds <= 0) {
      throw new IllegalArgumentException(
          "By the cost model "
              + cost.name()
              + " a round without active weights takes no time: its fixed seconds must be above 0.");
    }
    return seconds;
  }

  private static void checkImportance(float[] importance, ParameterLayout layout) {
    // The bits of a finite float that is not negative lie between 0 and those of the largest one.
    int largest = Float.floatToRawIntBits(Float.MAX_VALUE);
    int signs = 0;
    for (float value : importance) {
      int bits = Float.floatToRawIntBits(value);
      signs |= bits | largest - bits;
    }
    if (signs >= 0) {
      return;
    }
    for (ParameterTensor tensor : layout.tensors()) {
      for (int i = tensor.offset(); i < tensor.end(); i++) {
        if (!(importance[i] >= 0 && importance[i] < Float.POSITIVE_INFINITY)) {
          throw new IllegalArgumentException(
              String.format(
                  "The importance of value %d of layer %s is %s, but must be finite and at least 0.",
                  i - tensor.offset(), tensor.layer(), importance[i]));
        }
      }
    }
  }

  private static void checkCost(CostModel cost, ParameterLayout layout) {
    if (cost.layers() != layout.prunable().size()) {
      throw new IllegalArgumentException(
          String.format(
              "The cost model %s is made for %d prunable layers, but the model has %d.",
              cost.name(), cost.layers(), layout.prunable().size()));
    }
    for (int l = 0; l < cost.layers(); l++) {
      double seconds = cost.secondsPerWeight(l);
      if (!(seconds > 0 && seconds < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            String.format(
                "By the cost model %s a weight of layer %s takes %s seconds, but must take more than 0.",
                cost.name(), layout.prunable().get(l).layer(), seconds));
      }
    }
  }
}
