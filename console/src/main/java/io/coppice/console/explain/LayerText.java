package io.coppice.console.explain;

import static io.coppice.console.explain.Text.number;
import static io.coppice.console.progress.Figures.count;

import io.coppice.audit.explain.LayerDetail;
import io.coppice.audit.explain.LayerDetail.Unit;
import io.coppice.audit.explain.LayerDetail.Weight;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** One layer as text, unit by unit. */
final class LayerText {

  /** Units beyond this number are left to the JSON. */
  private static final int MAX_UNITS = 32;

  private final PrintWriter out;

  LayerText(PrintWriter out) {
    this.out = out;
  }

  /** A tensor's shape, such as 6 x 1 x 5 x 5. */
  static String shape(List<Integer> shape) {
    return shape.stream().map(String::valueOf).collect(Collectors.joining(" x "));
  }

  void print(LayerDetail layer) {
    out.printf(
        "Layer %s, %s: %d output units of %s weights%n",
        layer.name(), shape(layer.shape()), layer.units().size(), count(layer.weightsPerUnit()));
    boolean decided = layer.units().getFirst().after() != null;
    if (decided) {
      Text.paragraph(
          out,
          String.format(
              "Died: %s. Revived: %s. Without any active weight: %s.",
              list(layer.died()), list(layer.revived()), list(silent(layer))));
    } else {
      Text.paragraph(out, "Without any active weight: " + list(silent(layer)) + ".");
    }
    out.println();
    printUnits(layer, decided);
    printWeights("removed", layer.removed(), layer.measure());
    printWeights("regrown", layer.regrown(), layer.measure());
  }

  private static List<Integer> silent(LayerDetail layer) {
    return layer.units().stream()
        .filter(unit -> (unit.after() == null ? unit.before() : unit.after()) == 0)
        .map(Unit::unit)
        .toList();
  }

  private static String list(List<Integer> units) {
    if (units.isEmpty()) {
      return "none";
    }
    String first = units.stream().limit(10).map(String::valueOf).collect(Collectors.joining(", "));
    return units.size() <= 10 ? first : first + " and " + (units.size() - 10) + " more";
  }

  private void printUnits(LayerDetail layer, boolean decided) {
    List<Unit> shown = layer.units();
    if (shown.size() > MAX_UNITS) {
      out.printf(
          "The %d units that have %s; all are in the JSON%n",
          MAX_UNITS, decided ? "changed most" : "the fewest active weights");
      shown =
          shown.stream()
              .sorted(
                  Comparator.comparingInt(
                      (Unit unit) ->
                          decided ? -Math.abs(unit.after() - unit.before()) : unit.before()))
              .limit(MAX_UNITS)
              .sorted(Comparator.comparingInt(Unit::unit))
              .toList();
    }
    TextTable table =
        new TextTable(
            0,
            "unit",
            decided ? "active before" : "active",
            decided ? "after" : "",
            layer.measure() == null ? "" : "sum of " + layer.measure());
    for (Unit unit : shown) {
      table.row(
          unit.unit(),
          count(unit.before()),
          unit.after() == null ? "" : count(unit.after()),
          unit.sum() == null ? "" : number(unit.sum()));
    }
    table.print(out);
    out.println();
  }

  private void printWeights(String what, List<Weight> weights, String measure) {
    if (weights.isEmpty()) {
      return;
    }
    out.printf("The %s weights of the largest %s%n", what, measure);
    TextTable table =
        new TextTable(2, "index", "at", "value", measure, "s a round", measure + " / s");
    for (Weight weight : weights) {
      table.row(
          weight.index(),
          weight.at().stream().map(String::valueOf).collect(Collectors.joining(", ")),
          number((double) weight.value()),
          number(weight.measure()),
          number(weight.seconds()),
          number(weight.perSecond()));
    }
    table.print(out);
    out.println();
  }
}
