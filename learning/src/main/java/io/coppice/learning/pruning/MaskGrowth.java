package io.coppice.learning.pruning;

import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.pruning.MaskDecision.StopReason;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The second half of a {@link MaskDecision}: adds candidates to what is kept, the highest importance per second first, for as
 * long as the next one lies strictly above the ratio of all that is kept.
 */
/*
 * By definition this is a greedy over all candidates in order, and the authors' code sorts all of them. The greedy ends at the
 * largest ratio that any set of candidates reaches, and Dinkelbach's iteration (On Nonlinear Fractional Programming, 1967)
 * approaches that ratio from below in a few linear passes, each over fewer candidates. Candidates below it by a margin far wider
 * than the rounding of the sums are dropped; those above it by that margin are taken, in any order, if the density limit lets
 * them all in. Only the few in between are sorted and taken as the definition says.
 */
final class MaskGrowth {

  /** How far, relatively, below the ratio a candidate lies to be dropped, or above it to be taken: a sum of 10^7 doubles is off by 10^-9 at most. */
  private static final double MARGIN = 1e-8;

  private final List<LayerCandidates> layers;
  private final List<BitSet> keep;
  private double numerator;
  private double denominator;

  private MaskGrowth(
      List<BitSet> keep, List<LayerCandidates> layers, double numerator, double denominator) {
    this.keep = keep;
    this.layers = layers;
    this.numerator = numerator;
    this.denominator = denominator;
  }

  /**
   * Finds the candidates that are worth a look.
   *
   * @param keep the active weights of every prunable layer; growth sets bits in them
   * @param importance of all parameters, in layout order
   * @param numerator importance of what is kept
   * @param denominator seconds of a round with what is kept
   */
  static MaskGrowth from(
      List<BitSet> keep,
      List<ParameterTensor> tensors,
      float[] importance,
      CostModel cost,
      double numerator,
      double denominator) {
    double ratio = numerator / denominator;
    List<LayerCandidates> layers = new ArrayList<>();
    for (int l = 0; l < keep.size(); l++) {
      layers.add(
          new LayerCandidates(
              keep.get(l),
              tensors.get(l),
              importance,
              cost.secondsPerWeight(l),
              ratio * (1 - MARGIN)));
    }
    MaskGrowth growth = new MaskGrowth(keep, layers, numerator, denominator);
    growth.narrow();
    return growth;
  }

  private void narrow() {
    int before;
    int left = size();
    do {
      before = left;
      double ratio = ratioWithAll() * (1 - MARGIN);
      layers.forEach(layer -> layer.dropUpTo(ratio));
      left = size();
    } while (left < before);
  }

  private int size() {
    return layers.stream().mapToInt(LayerCandidates::size).sum();
  }

  private double ratioWithAll() {
    double importance = numerator;
    double seconds = denominator;
    for (LayerCandidates layer : layers) {
      importance += layer.importance();
      seconds += layer.size() * layer.secondsPerWeight();
    }
    return importance / seconds;
  }

  /**
   * Grows as far as it pays.
   *
   * @param limit growth stops where more weights than this are active
   */
  StopReason run(long limit) {
    long active = keep.stream().mapToLong(BitSet::cardinality).sum();
    int open = layers.stream().mapToInt(LayerCandidates::total).sum();
    if (active + size() <= limit) {
      int taken = takeCertain();
      active += taken;
      open -= taken;
    }
    layers.forEach(LayerCandidates::sort);
    double[] rates = layers.stream().mapToDouble(LayerCandidates::nextRate).toArray();
    while (open > 0) {
      int best = 0;
      for (int l = 1; l < rates.length; l++) {
        if (rates[l] > rates[best]) {
          best = l;
        }
      }
      if (!(rates[best] > ratio())) {
        return StopReason.THRESHOLD;
      }
      if (active > limit) {
        return StopReason.MAX_DENSITY;
      }
      LayerCandidates layer = layers.get(best);
      numerator += rates[best] * layer.secondsPerWeight();
      denominator += layer.secondsPerWeight();
      keep.get(best).set(layer.take());
      rates[best] = layer.nextRate();
      active++;
      open--;
    }
    return StopReason.EXHAUSTED;
  }

  /** Takes the candidates that lie above the final ratio whatever is rounded; returns how many. */
  private int takeCertain() {
    double ratio = ratioWithAll() * (1 + MARGIN);
    int before = size();
    for (int l = 0; l < layers.size(); l++) {
      LayerCandidates layer = layers.get(l);
      int of = layer.size();
      numerator += layer.takeAbove(ratio, keep.get(l));
      denominator += (of - layer.size()) * layer.secondsPerWeight();
    }
    return before - size();
  }

  /** Importance per second of what is kept. */
  double ratio() {
    return numerator / denominator;
  }
}
