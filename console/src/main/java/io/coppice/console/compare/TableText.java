package io.coppice.console.compare;

import static io.coppice.console.progress.Figures.bytes;
import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;
import static io.coppice.console.progress.Figures.duration;

import io.coppice.console.compare.ComparisonTable.End;
import io.coppice.console.compare.ComparisonTable.Ratios;
import io.coppice.console.compare.ComparisonTable.Reach;
import io.coppice.console.compare.ComparisonTable.Row;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** The table of a comparison for people: aligned text, cells that the page shows as well. */
final class TableText {

  /** In the place of what was not reached. */
  private static final String NONE = "-";

  /**
   * A table of texts.
   *
   * @param title one line
   * @param header one a column, the first over the names of the policies
   * @param rows with a cell a column
   */
  record Section(String title, List<String> header, List<List<String>> rows) {

    void print(PrintWriter out) {
      out.println(title);
      printRow(out, header);
      rows.forEach(row -> printRow(out, row));
      out.println();
    }

    private void printRow(PrintWriter out, List<String> row) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < row.size(); column++) {
        String cell = row.get(column);
        String padding = " ".repeat(width(column) - cell.length());
        line.append(column == 0 ? cell + padding : "  " + padding + cell);
      }
      out.println(line.toString().stripTrailing());
    }

    private int width(int column) {
      return Math.max(
          header.get(column).length(),
          rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0));
    }
  }

  private TableText() {}

  /** Where the runs are, and for every accuracy what they took to reach it. */
  static List<Section> sections(ComparisonTable table) {
    List<Section> sections = new ArrayList<>();
    sections.add(
        new Section(
            "After the last round",
            List.of(
                "policy",
                "rounds",
                "accuracy",
                "density",
                "active parameters",
                "model size",
                "estimated time",
                "measured time",
                "bytes"),
            table.rows().stream().map(TableText::end).toList()));
    for (int a = 0; a < table.accuracies().size(); a++) {
      int index = a;
      sections.add(
          new Section(
              "To reach accuracy " + accuracy(table.accuracies().get(a)),
              List.of(
                  "policy",
                  "round",
                  "estimated time",
                  "times sooner",
                  "measured time",
                  "times sooner",
                  "bytes",
                  "times fewer"),
              table.rows().stream()
                  .map(row -> reached(row.policy(), row.reached().get(index)))
                  .toList()));
    }
    return sections;
  }

  /** At least two decimals, more where there are more, such as 0.80 and 0.9735. */
  private static String accuracy(double accuracy) {
    String shortest = Double.toString(accuracy);
    return shortest.length() < 4 ? decimals(accuracy, 2) : shortest;
  }

  private static List<String> end(Row row) {
    Optional<End> end = row.end();
    return List.of(
        row.policy(),
        cell(end, e -> count(e.rounds())),
        cell(end, e -> e.accuracy().isPresent() ? decimals(e.accuracy().getAsDouble(), 4) : NONE),
        cell(end, e -> decimals(e.density(), 4)),
        cell(end, e -> count(e.activeParameters())),
        cell(end, e -> bytes(e.modelBytes())),
        cell(end, e -> duration(e.total().estimatedSeconds())),
        cell(end, e -> duration(e.total().seconds())),
        cell(end, e -> bytes(e.total().bytes())));
  }

  private static List<String> reached(String policy, Optional<Reach> reach) {
    return List.of(
        policy,
        cell(reach, r -> count(r.round())),
        cell(reach, r -> duration(r.total().estimatedSeconds())),
        ratio(reach, Ratios::estimated),
        cell(reach, r -> duration(r.total().seconds())),
        ratio(reach, Ratios::measured),
        cell(reach, r -> bytes(r.total().bytes())),
        ratio(reach, Ratios::bytes));
  }

  private static <T> String cell(Optional<T> value, Function<T, String> text) {
    return value.map(text).orElse(NONE);
  }

  private static String ratio(Optional<Reach> reach, ToDoubleFunction<Ratios> ratio) {
    return reach
        .flatMap(Reach::against)
        .map(ratio::applyAsDouble)
        .filter(value -> !value.isNaN())
        .map(value -> decimals(value, 2))
        .orElse(NONE);
  }
}
