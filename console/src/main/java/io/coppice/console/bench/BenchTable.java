package io.coppice.console.bench;

import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;

import com.fasterxml.jackson.databind.JsonNode;
import io.coppice.console.bench.NetworkFigures.Line;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** The figures of networks as tables for people. */
final class BenchTable {

  private static final String VARIANT = "%-16s";

  /** In the place of what was not measured. */
  private static final String NONE = "-";

  /**
   * A column.
   *
   * @param width characters
   * @param text of a line of a network
   */
  private record Column(String title, int width, BiFunction<NetworkFigures, Line, String> text) {

    String cell(String content) {
      return String.format(" %" + width + "s", content);
    }
  }

  private final PrintWriter out;
  private final BenchSettings settings;
  private final List<Column> columns = new ArrayList<>();

  BenchTable(PrintWriter out, BenchSettings settings) {
    this.out = out;
    this.settings = settings;
    String unit = settings.workload().kind() == Workload.Kind.STEP ? "step" : "batch";
    add("density", 8, (figures, line) -> decimals(line.density(), 4));
    add("active weights", 14, (figures, line) -> count(line.activeWeights()));
    add("ms a " + unit, 12, (figures, line) -> decimals(line.timing().millis(), 3));
    add("ms once", 10, (figures, line) -> orDash(line.timing().onceMillis(), 3));
    add("x ND4J", 10, (figures, line) -> decimals(figures.speedUpOverDense(line), 2));
    add("x PyTorch", 10, (figures, line) -> ratio(figures.speedUpOverPeer(line)));
    if (settings.importance()) {
      add("importance:", 12, (figures, line) -> millis(line.withImportance(), Timing::millis));
      add("ms once", 10, (figures, line) -> millis(line.withImportance(), Timing::onceMillis));
      add("overhead", 9, (figures, line) -> percent(line.importanceOverhead()));
    }
    if (settings.agents() > 1) {
      String agents = settings.agents() + " agents:";
      add(agents, 12, (figures, line) -> millis(line.amongAgents(), Timing::millis));
      add("/ one", 6, (figures, line) -> ratio(line.slowDownAmongAgents()));
    }
  }

  private void add(String title, int width, BiFunction<NetworkFigures, Line, String> text) {
    columns.add(new Column(title, width, text));
  }

  /** Prints what the peer runs on: its figures depend on its version and on its library of matrix products. */
  static void printPeer(PrintWriter out, JsonNode peer) {
    out.printf(
        "Peer: PyTorch %s (%s), Python %s%n%n",
        peer.path("torch").asText(), peer.path("blas").asText(), peer.path("python").asText());
  }

  /** Prints the table of one network. */
  void print(NetworkFigures figures) {
    out.printf(
        "%s: %s parameters, images of %s in %d classes (%s), batch %d%n",
        figures.network(),
        count(figures.parameters()),
        figures.input(),
        figures.classes(),
        figures.data(),
        settings.batch());
    out.printf(VARIANT, "");
    columns.forEach(column -> out.print(column.cell(column.title())));
    out.println();
    for (Line line : figures.lines()) {
      out.printf(VARIANT, line.variant());
      columns.forEach(column -> out.print(column.cell(column.text().apply(figures, line))));
      out.println();
    }
    out.printf(
        "crossovers: %s%n%n",
        figures.crossovers().entrySet().stream()
            .map(layer -> layer.getKey() + " " + decimals(layer.getValue(), 2))
            .collect(Collectors.joining(", ")));
    out.flush();
  }

  /** What the columns mean. */
  void printLegend() {
    out.printf(
        "Median CPU milliseconds of one thread. Once: loading the model and collecting the result, once in a round or an"
            + " evaluation.%nx: so many times as fast as the dense network in ND4J, in PyTorch.%nCrossovers: densities up to"
            + " which a layer's training step is faster by its active weights than dense, measured at the start.%n");
    if (settings.importance()) {
      out.printf(
          "Importance: ms a step and once a round with every weight's importance collected. Overhead: what that adds to a round"
              + " of %d steps, work done once included, in percent of %d steps without.%n",
          Workload.UNITS, Workload.UNITS);
    }
    if (settings.agents() > 1) {
      out.printf(
          "%d agents: ms a %s of each when so many compute at the same time, a thread each; beside that of one alone.%n",
          settings.agents(), settings.workload().kind().title());
    }
    out.flush();
  }

  private static String millis(Optional<Timing> timing, ToDoubleFunction<Timing> figure) {
    return timing.map(present -> decimals(figure.applyAsDouble(present), 3)).orElse(NONE);
  }

  private static String ratio(OptionalDouble ratio) {
    return ratio.isPresent() ? decimals(ratio.getAsDouble(), 2) : NONE;
  }

  private static String percent(OptionalDouble fraction) {
    return fraction.isPresent() ? decimals(100 * fraction.getAsDouble(), 0) + " %" : NONE;
  }

  private static String orDash(double value, int decimals) {
    return Double.isNaN(value) ? NONE : decimals(value, decimals);
  }
}
