package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.schemas.PolicyFigure;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * A decided mask, with what the log says about the decision.
 *
 * @param mask the mask from the next round on
 * @param decrease fraction of each layer's active weights that was offered for removal, in [0, 1); 0 if none was
 * @param objectiveBefore importance per second of the old mask; 0 where the policy has no such objective
 * @param objectiveAfter importance per second of the new mask; 0 where the policy has no such objective
 * @param stopReason what ended the decision, in lower case
 * @param figures further numbers that it rests on, by name
 * @param probeDensity where the policy wants to know the loss of a smaller model in the rounds until the next mask: the fraction of
 *     every layer's weights, the largest ones, that it has, in (0, 1]
 */
public record Decision(
    Mask mask,
    double decrease,
    double objectiveBefore,
    double objectiveAfter,
    String stopReason,
    Map<String, Double> figures,
    OptionalDouble probeDensity) {

  public Decision {
    figures = Map.copyOf(figures);
  }

  /** A decision of which there is no more to say than why it ended. */
  public static Decision of(Mask mask, String stopReason) {
    return new Decision(mask, 0, 0, 0, stopReason, Map.of(), OptionalDouble.empty());
  }

  /** The same with further figures. */
  public Decision with(Map<String, Double> more) {
    return new Decision(
        mask, decrease, objectiveBefore, objectiveAfter, stopReason, more, probeDensity);
  }

  /** The same with a smaller model to be tried. */
  public Decision withProbe(double density) {
    return new Decision(
        mask,
        decrease,
        objectiveBefore,
        objectiveAfter,
        stopReason,
        figures,
        OptionalDouble.of(density));
  }

  /** The figures as records carry them, by name. */
  public List<PolicyFigure> toLog() {
    return new TreeMap<>(figures)
        .entrySet().stream().map(f -> new PolicyFigure(f.getKey(), f.getValue())).toList();
  }
}
