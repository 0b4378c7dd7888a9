package io.coppice.audit.explain;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.pruning.MagnitudePruning;
import io.coppice.pruning.RoundOutcome;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * What a decision has seen of every weight: its value, what agents have uploaded about it, and what it costs.
 *
 * @param parameters the model after the round, all parameters in layout order; not to be changed
 * @param upload what agents have uploaded, summed, all parameters in layout order; null where it is nothing
 * @param samples that the contributors of the round have processed
 * @param measure what the upload is; empty where it is nothing
 */
@SuppressWarnings("ArrayRecordComponent") // the vectors of a model: handed over, never compared
record WeightsSeen(float[] parameters, float[] upload, long samples, Optional<Measure> measure) {

  static WeightsSeen of(RoundOutcome outcome) {
    return new WeightsSeen(
        outcome.parameters(),
        outcome.upload(),
        outcome.totalWeight(),
        outcome.upload() == null ? Optional.empty() : Measure.uploaded(outcome.run().upload()));
  }

  /** A model of which nothing but the values is known. */
  static WeightsSeen ofModel(float[] parameters) {
    return new WeightsSeen(parameters, null, 0, Optional.empty());
  }

  /** All that is known: the upload first, if there is one, and the magnitude. */
  List<Measure> measures() {
    return measure.map(m -> List.of(m, Measure.MAGNITUDE)).orElse(List.of(Measure.MAGNITUDE));
  }

  /** The one by which weights are compared. */
  Measure first() {
    return measures().getFirst();
  }

  /**
   * A measure of a parameter.
   *
   * @param index in the flat vector
   */
  double value(Measure measure, int index) {
    return switch (measure) {
      case IMPORTANCE -> upload[index];
      case GRADIENT -> Math.abs((double) upload[index]) / samples;
      case VOTES -> (double) upload[index] / samples;
      case MAGNITUDE -> Math.abs((double) parameters[index]);
    };
  }

  /**
   * The weights that were active and were not offered for removal. Of most policies that is all that were active: only of one
   * that compares importance is an offer not yet a removal.
   *
   * @param decrease fraction of each layer's active weights that was offered
   */
  Mask safe(Mask before, double decrease) {
    boolean offers = measure.filter(m -> m == Measure.IMPORTANCE).isPresent() && decrease > 0;
    if (!offers) {
      return before;
    }
    ParameterLayout layout = before.layout();
    List<BitSet> safe = new ArrayList<>();
    for (int l = 0; l < layout.prunable().size(); l++) {
      safe.add(
          MagnitudePruning.largest(layout.prunable().get(l), before.bits(l), parameters, decrease));
    }
    return Mask.of(layout, safe);
  }

  /** Sum of the uploaded importance of what is learnt but cannot be pruned. */
  double unprunableImportance(ParameterLayout layout) {
    double sum = 0;
    for (ParameterTensor tensor : layout.tensors()) {
      if (!tensor.prunable() && tensor.role().learned()) {
        for (int i = tensor.offset(); i < tensor.end(); i++) {
          sum += upload[i];
        }
      }
    }
    return sum;
  }
}
