package io.coppice.learning.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.OptionalDouble;
import java.util.PriorityQueue;

/** The mask decision word for word, with a full sort and a heap: the oracle for the fast one. */
final class PlainGreedy {

  private record Head(double rate, int layer) {}

  private PlainGreedy() {}

  static MaskDecision.Result decide(
      Mask mask,
      float[] parameters,
      float[] importance,
      CostModel cost,
      double decrease,
      OptionalDouble maxDensity) {
    ParameterLayout layout = mask.layout();
    int layers = layout.prunable().size();
    List<BitSet> keep = new ArrayList<>();
    for (int l = 0; l < layers; l++) {
      keep.add(keep(mask, l, parameters, decrease));
    }
    double numerator = importance(layout, keep, importance);
    double denominator = seconds(keep, cost);
    final double numeratorStart = numerator;
    final double denominatorStart = denominator;

    List<Deque<Integer>> candidates = new ArrayList<>();
    PriorityQueue<Head> heap =
        new PriorityQueue<>(
            Comparator.comparingDouble((Head head) -> -head.rate()).thenComparingInt(Head::layer));
    for (int l = 0; l < layers; l++) {
      ParameterTensor tensor = layout.prunable().get(l);
      List<Integer> sorted = new ArrayList<>();
      for (int i = 0; i < tensor.size(); i++) {
        if (!keep.get(l).get(i)) {
          sorted.add(i);
        }
      }
      sorted.sort(Comparator.comparingDouble(i -> -importance[tensor.offset() + i]));
      candidates.add(new ArrayDeque<>(sorted));
      push(heap, candidates, l, layout, importance, cost);
    }
    long count = keep.stream().mapToLong(BitSet::cardinality).sum();
    long limit =
        maxDensity.isPresent()
            ? (long) (layout.prunableSize() * maxDensity.getAsDouble())
            : Long.MAX_VALUE;
    MaskDecision.StopReason stopReason = MaskDecision.StopReason.EXHAUSTED;
    while (!heap.isEmpty()) {
      Head best = heap.remove();
      if (!(best.rate() > numerator / denominator)) {
        stopReason = MaskDecision.StopReason.THRESHOLD;
        break;
      }
      if (count > limit) {
        stopReason = MaskDecision.StopReason.MAX_DENSITY;
        break;
      }
      count++;
      double seconds = cost.secondsPerWeight(best.layer());
      numerator += best.rate() * seconds;
      denominator += seconds;
      keep.get(best.layer()).set(candidates.get(best.layer()).remove());
      push(heap, candidates, best.layer(), layout, importance, cost);
    }
    Mask after = Mask.of(layout, keep);
    List<BitSet> before = new ArrayList<>();
    for (int l = 0; l < layers; l++) {
      before.add(mask.bits(l));
    }
    return new MaskDecision.Result(
        after,
        numeratorStart,
        denominatorStart,
        importance(layout, before, importance) / seconds(before, cost),
        numerator / denominator,
        mask.grownSince(after),
        after.grownSince(mask),
        stopReason);
  }

  private static BitSet keep(Mask mask, int layer, float[] parameters, double decrease) {
    ParameterTensor tensor = mask.layout().prunable().get(layer);
    BitSet active = mask.bits(layer);
    if (active.isEmpty()) {
      return active;
    }
    float[] magnitudes = new float[active.cardinality()];
    int[] indices = active.stream().toArray();
    for (int i = 0; i < indices.length; i++) {
      magnitudes[i] = Math.abs(parameters[tensor.offset() + indices[i]]);
    }
    Arrays.sort(magnitudes);
    float threshold = magnitudes[(int) (decrease * magnitudes.length)];
    BitSet keep = new BitSet();
    active.stream()
        .filter(i -> Math.abs(parameters[tensor.offset() + i]) >= threshold)
        .forEach(keep::set);
    return keep;
  }

  private static double importance(
      ParameterLayout layout, List<BitSet> weights, float[] importance) {
    double total = 0;
    for (ParameterTensor tensor : layout.tensors()) {
      double sum = 0;
      int layer = layout.prunable().indexOf(tensor);
      for (int i = 0; i < tensor.size(); i++) {
        if (layer < 0 ? tensor.role().learned() : weights.get(layer).get(i)) {
          sum += importance[tensor.offset() + i];
        }
      }
      total += sum;
    }
    return total;
  }

  private static double seconds(List<BitSet> weights, CostModel cost) {
    return cost.roundSeconds(weights.stream().mapToInt(BitSet::cardinality).toArray());
  }

  private static void push(
      PriorityQueue<Head> heap,
      List<Deque<Integer>> candidates,
      int layer,
      ParameterLayout layout,
      float[] importance,
      CostModel cost) {
    Integer next = candidates.get(layer).peek();
    if (next != null) {
      float value = importance[layout.prunable().get(layer).offset() + next];
      heap.add(new Head(value / cost.secondsPerWeight(layer), layer));
    }
  }
}
