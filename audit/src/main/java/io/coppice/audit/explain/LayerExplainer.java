package io.coppice.audit.explain;

import io.coppice.audit.explain.LayerDetail.Unit;
import io.coppice.audit.explain.LayerDetail.Weight;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.pruning.CostModel;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;

/** Looks at one layer unit by unit. */
final class LayerExplainer {

  /** How many of the removed and of the regrown weights are told of. */
  static final int WEIGHTS = 5;

  private static final Comparator<Weight> LARGEST_FIRST =
      Comparator.comparingDouble(Weight::measure).reversed().thenComparingInt(Weight::index);

  private final int layer;
  private final ParameterTensor weight;
  private final BitSet before;

  /**
   * @param layer index of the prunable layer
   */
  LayerExplainer(Mask before, int layer) {
    this.layer = layer;
    this.weight = before.layout().prunable().get(layer);
    this.before = before.bits(layer);
  }

  /** The layer in a round that no decision follows. */
  LayerDetail undecided() {
    return detail(Optional.empty(), Optional.empty(), List.of(), List.of());
  }

  /**
   * The layer around a decision.
   *
   * @param seen empty where the log does not lead to the model
   */
  LayerDetail decided(Mask next, CostModel cost, Optional<WeightsSeen> seen) {
    BitSet after = next.bits(layer);
    BitSet removed = (BitSet) before.clone();
    removed.andNot(after);
    BitSet regrown = (BitSet) after.clone();
    regrown.andNot(before);
    double seconds = cost.secondsPerWeight(layer);
    return detail(
        Optional.of(after),
        seen,
        seen.map(s -> largest(removed, s, seconds)).orElse(List.of()),
        seen.map(s -> largest(regrown, s, seconds)).orElse(List.of()));
  }

  private LayerDetail detail(
      Optional<BitSet> after,
      Optional<WeightsSeen> seen,
      List<Weight> removed,
      List<Weight> regrown) {
    int count = weight.shape().getFirst();
    int size = weight.size() / count;
    List<Unit> units = new ArrayList<>();
    List<Integer> died = new ArrayList<>();
    List<Integer> revived = new ArrayList<>();
    for (int u = 0; u < count; u++) {
      int from = u * size;
      int was = before.get(from, from + size).cardinality();
      Integer is = after.map(bits -> bits.get(from, from + size).cardinality()).orElse(null);
      units.add(new Unit(u, was, is, seen.map(s -> sum(s, from, from + size)).orElse(null)));
      if (is != null && was > 0 && is == 0) {
        died.add(u);
      } else if (is != null && was == 0 && is > 0) {
        revived.add(u);
      }
    }
    return new LayerDetail(
        weight.layer(),
        weight.shape(),
        size,
        seen.map(s -> s.first().key()).orElse(null),
        units,
        died,
        revived,
        removed,
        regrown);
  }

  private double sum(WeightsSeen seen, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += seen.value(seen.first(), weight.offset() + i);
    }
    return sum;
  }

  private List<Weight> largest(BitSet among, WeightsSeen seen, double seconds) {
    PriorityQueue<Weight> largest = new PriorityQueue<>(LARGEST_FIRST.reversed());
    among.stream()
        .forEach(
            i -> {
              largest.add(weight(i, seen, seconds));
              if (largest.size() > WEIGHTS) {
                largest.remove();
              }
            });
    return largest.stream().sorted(LARGEST_FIRST).toList();
  }

  private Weight weight(int i, WeightsSeen seen, double seconds) {
    double measure = seen.value(seen.first(), weight.offset() + i);
    return new Weight(
        i, at(i), seen.parameters()[weight.offset() + i], measure, seconds, measure / seconds);
  }

  private List<Integer> at(int index) {
    List<Integer> at = new ArrayList<>();
    int rest = index;
    for (int d = weight.shape().size() - 1; d >= 0; d--) {
      at.addFirst(rest % weight.shape().get(d));
      rest /= weight.shape().get(d);
    }
    return at;
  }
}
