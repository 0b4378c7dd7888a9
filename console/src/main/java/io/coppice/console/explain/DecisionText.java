package io.coppice.console.explain;

import static io.coppice.console.explain.Text.number;
import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;

import io.coppice.audit.explain.DecisionFacts;
import io.coppice.audit.explain.DecisionFacts.Cost;
import io.coppice.audit.explain.Explanation;
import io.coppice.audit.explain.LayerDecision;
import io.coppice.audit.explain.LayerDecision.ByFate;
import io.coppice.audit.explain.LayerDecision.Figures;
import io.coppice.audit.explain.LayerDecision.Threshold;
import io.coppice.audit.explain.Measure;
import io.coppice.schemas.MaskOrigin;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/** A decision as text: what it did, what it saw, where its threshold lay. */
final class DecisionText {

  private final PrintWriter out;

  DecisionText(PrintWriter out) {
    this.out = out;
  }

  void print(Explanation explanation) {
    DecisionFacts decision = explanation.decision();
    if (decision == null) {
      printNone(explanation);
      return;
    }
    Text.paragraph(
        out,
        String.format(
            "Decided after this round: mask %d, in force from round %d (%s).",
            decision.version(), decision.effectiveRound(), decision.record()));
    Text.paragraph(
        out,
        "Checked: " + RecomputationText.of(decision.recomputation()) + neighbours(explanation));
    printFigures(explanation.policy(), decision);
    out.println();
    printLayers(decision.layers(), decision);
    out.println();
    if (decision.layers().isEmpty() || decision.layers().getFirst().measures().isEmpty()) {
      return;
    }
    for (String measure : decision.layers().getFirst().measures().keySet()) {
      printMeasure(measure, decision.layers());
    }
    printThresholds(decision);
  }

  private void printNone(Explanation explanation) {
    String due =
        explanation.decisionDue()
            ? "A mask is to be decided after this round, but the log does not hold one yet"
            : "No mask was decided after this round";
    Text.paragraph(out, due + neighbours(explanation));
    out.println();
  }

  private static String neighbours(Explanation explanation) {
    String previous =
        explanation.previousDecision() == null
            ? "no decision before it"
            : "the decision before it is after round " + explanation.previousDecision();
    String next =
        explanation.nextDecision() == null
            ? "none follows"
            : "the next one after round " + explanation.nextDecision();
    return "; " + previous + ", " + next + ".";
  }

  private void printFigures(String policy, DecisionFacts decision) {
    if (decision.origin() == MaskOrigin.INITIAL_PRUNING) {
      Text.paragraph(
          out,
          "It is the mask that " + decision.proposedBy() + " has arrived at in initial pruning.");
    } else {
      Text.paragraph(
          out,
          String.format(
              "Policy %s: stopped by %s; fraction of active weights offered for removal %s%s.",
              policy,
              decision.stopReason(),
              number(decision.decrease()),
              decision.figures().isEmpty() ? "" : "; " + named(decision.figures())));
    }
    if (decision.objectiveAfter() != null && decision.objectiveAfter() != 0) {
      Text.paragraph(
          out,
          String.format(
              "Objective, importance per second of a round: %s before, %s after%s.",
              number(decision.objectiveBefore()),
              number(decision.objectiveAfter()),
              decision.importance() == null
                  ? ""
                  : String.format(
                      " (importance %s and %s, of which %s of parameters that cannot be pruned)",
                      number(decision.importance().before()),
                      number(decision.importance().after()),
                      number(decision.importance().unprunable()))));
    }
    if (decision.probe() != null) {
      Text.paragraph(
          out,
          String.format(
              "Losses over all contributors: %s of the model before, %s of the model now, %s of the smaller one.",
              number(decision.probe().previous()),
              number(decision.probe().current()),
              number(decision.probe().smaller())));
    }
    if (decision.probeDensity() != null) {
      Text.paragraph(
          out,
          "From now on agents try a smaller model with "
              + number(decision.probeDensity())
              + " of every layer's weights.");
    }
    printCost(decision.cost());
  }

  private static String named(Map<String, Double> figures) {
    return figures.entrySet().stream()
        .map(figure -> figure.getKey() + " " + number(figure.getValue()))
        .collect(Collectors.joining(", "));
  }

  private void printCost(Cost cost) {
    Text.paragraph(
        out,
        String.format(
            "Cost model %s (%s): %s s fixed, %s s a weight to send, and what each layer takes to compute. A round takes %s s"
                + " before, %s s after.",
            cost.name(),
            cost.measured()
                ? "measured, quantile " + number(cost.fleetQuantile())
                : "the run's own",
            number(cost.fixedSeconds()),
            number(cost.communicationSecondsPerWeight()),
            number(cost.secondsBefore()),
            number(cost.secondsAfter())));
  }

  private void printLayers(List<LayerDecision> layers, DecisionFacts decision) {
    TextTable table =
        new TextTable(
            1,
            "layer",
            "before",
            "kept",
            "removed",
            "regrown",
            "after",
            "density",
            "",
            "s per weight");
    for (LayerDecision layer : layers) {
      table.row(
          layer.name(),
          count(layer.before()),
          count(layer.kept()),
          count(layer.removed()),
          count(layer.regrown()),
          count(layer.after()),
          decimals(layer.densityBefore(), 4),
          "-> " + decimals(layer.densityAfter(), 4),
          number(layer.secondsPerWeight()));
    }
    table.row(
        "all",
        total(layers, LayerDecision::before),
        total(layers, LayerDecision::kept),
        total(layers, LayerDecision::removed),
        total(layers, LayerDecision::regrown),
        total(layers, LayerDecision::after),
        decimals(decision.densityBefore(), 4),
        "-> " + decimals(decision.densityAfter(), 4),
        "");
    table.print(out);
  }

  private static String total(List<LayerDecision> layers, ToIntFunction<LayerDecision> figure) {
    return count(layers.stream().mapToLong(figure::applyAsInt).sum());
  }

  private void printMeasure(String measure, List<LayerDecision> layers) {
    boolean retained = layers.stream().anyMatch(layer -> layer.retained() > 0);
    out.printf("%s%n", title(measure, retained));
    TextTable table =
        retained
            ? new TextTable(1, "layer", "kept", "retained", "removed", "regrown", "pruned")
            : new TextTable(1, "layer", "kept", "removed", "regrown", "pruned");
    for (LayerDecision layer : layers) {
      ByFate by = layer.measures().get(measure);
      if (retained) {
        table.row(
            layer.name(),
            figure(measure, by.kept()),
            figure(measure, by.retained()),
            figure(measure, by.removed()),
            figure(measure, by.regrown()),
            figure(measure, by.pruned()));
      } else {
        table.row(
            layer.name(),
            figure(measure, by.kept()),
            figure(measure, by.removed()),
            figure(measure, by.regrown()),
            figure(measure, by.pruned()));
      }
    }
    table.print(out);
    out.println();
  }

  /** Importance is added up, as the policy does; of the others, which are compared weight by weight, the range says more. */
  private static String figure(String measure, Figures figures) {
    if (figures.count() == 0) {
      return Text.NONE;
    }
    return measure.equals(Measure.IMPORTANCE.key())
        ? number(figures.sum())
        : Text.rough(figures.least()) + ".." + Text.rough(figures.most());
  }

  private static String title(String measure, boolean retained) {
    String offered = retained ? "; retained: offered for removal and taken again" : "";
    return switch (Measure.valueOf(measure.toUpperCase(java.util.Locale.ROOT))) {
      case IMPORTANCE -> "Importance that it saw, summed over weights" + offered;
      case GRADIENT -> "Magnitude of the mean gradient that it saw, least..most";
      case VOTES -> "Share of votes that it saw, least..most";
      case MAGNITUDE -> "Magnitude of the weights' values, least..most" + offered;
    };
  }

  private void printThresholds(DecisionFacts decision) {
    if (decision.layers().getFirst().threshold() == null) {
      return;
    }
    Text.paragraph(
        out,
        "Importance per second of single weights. Weights that are not offered for removal stay whatever it is; of the others"
            + " those above the objective after, "
            + number(decision.objectiveAfter())
            + ", are taken.");
    TextTable table =
        new TextTable(1, "layer", "least kept", "least taken", "most dropped", "s per weight");
    for (LayerDecision layer : decision.layers()) {
      Threshold threshold = layer.threshold();
      table.row(
          layer.name(),
          number(threshold.leastKept()),
          number(threshold.leastTaken()),
          number(threshold.mostDropped()),
          number(layer.secondsPerWeight()));
    }
    table.print(out);
    out.println();
  }
}
