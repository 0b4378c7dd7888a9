package io.coppice.console.compare;

import io.coppice.console.compare.ComparisonTable.End;
import io.coppice.console.compare.ComparisonTable.Ratios;
import io.coppice.console.compare.ComparisonTable.Reach;
import io.coppice.console.compare.ComparisonTable.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The table of a comparison as CSV: a row for every policy and accuracy, or one a policy if there are no accuracies. What was not
 * reached is an empty field.
 */
final class TableCsv {

  private static final List<String> COLUMNS =
      List.of(
          "policy",
          "reach_accuracy",
          "round",
          "estimated_seconds",
          "seconds",
          "bytes",
          "times_sooner_estimated",
          "times_sooner",
          "times_fewer_bytes",
          "final_rounds",
          "final_accuracy",
          "final_density",
          "final_active_parameters",
          "final_model_bytes",
          "final_estimated_seconds",
          "final_seconds",
          "final_bytes");

  private TableCsv() {}

  static String format(ComparisonTable table) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(COLUMNS);
    for (Row row : table.rows()) {
      if (table.accuracies().isEmpty()) {
        rows.add(cells(row, "", Optional.empty()));
      }
      for (int a = 0; a < table.accuracies().size(); a++) {
        rows.add(cells(row, table.accuracies().get(a).toString(), row.reached().get(a)));
      }
    }
    return Csv.format(rows);
  }

  private static List<String> cells(Row row, String accuracy, Optional<Reach> reach) {
    Optional<End> end = row.end();
    Optional<Ratios> ratios = reach.flatMap(Reach::against);
    return List.of(
        row.policy(),
        accuracy,
        cell(reach, Reach::round),
        cell(reach, r -> r.total().estimatedSeconds()),
        cell(reach, r -> r.total().seconds()),
        cell(reach, r -> r.total().bytes()),
        cell(ratios, Ratios::estimated),
        cell(ratios, Ratios::measured),
        cell(ratios, Ratios::bytes),
        cell(end, End::rounds),
        cell(end, e -> e.accuracy().orElse(Double.NaN)),
        cell(end, End::density),
        cell(end, End::activeParameters),
        cell(end, End::modelBytes),
        cell(end, e -> e.total().estimatedSeconds()),
        cell(end, e -> e.total().seconds()),
        cell(end, e -> e.total().bytes()));
  }

  private static <T> String cell(Optional<T> value, Function<T, Number> number) {
    return value
        .map(number)
        .filter(n -> !Double.isNaN(n.doubleValue()))
        .map(Number::toString)
        .orElse("");
  }
}
