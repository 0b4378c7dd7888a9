package io.coppice.console.compare;

import io.coppice.console.UserError;
import io.coppice.console.WholeFile;
import io.coppice.console.compare.RunFigures.InitialPruning;
import io.coppice.console.compare.RunFigures.Layer;
import io.coppice.console.compare.RunFigures.Point;
import io.coppice.console.compare.RunFigures.Total;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The figures of a run as CSV: a row for round -1, which is initial pruning, and one for every closed round. Numbers are written so
 * that the same bits are read back; what is not known is an empty field.
 */
final class FiguresCsv {

  private static final String DENSITY = "density_";
  private static final String WEIGHTS = "weights_";

  private static final List<String> COLUMNS =
      List.of(
          "policy",
          "run",
          "round",
          "accuracy",
          "loss",
          "density",
          "active_parameters",
          "estimated_seconds",
          "total_estimated_seconds",
          "seconds",
          "total_seconds",
          "bytes_up",
          "total_bytes_up",
          "bytes_down",
          "total_bytes_down",
          "train_seconds",
          "contributors",
          "gradient_norm_squared");

  private FiguresCsv() {}

  static void write(RunFigures figures, Path file) {
    try {
      WholeFile.write(file, part -> Files.writeString(part, format(figures)));
    } catch (IOException e) {
      throw UserError.failed("The figures cannot be written to " + file + ": " + e.getMessage(), e);
    }
  }

  /** The figures as text, header first. */
  static String format(RunFigures figures) {
    List<List<String>> rows = new ArrayList<>();
    List<String> header = new ArrayList<>(COLUMNS);
    figures.layers().forEach(layer -> header.add(DENSITY + layer.name()));
    figures.layers().forEach(layer -> header.add(WEIGHTS + layer.name()));
    rows.add(header);
    rows.add(initialRow(figures));
    List<Total> totals = figures.totals();
    for (int i = 0; i < totals.size(); i++) {
      rows.add(row(figures, figures.points().get(i), totals.get(i)));
    }
    return Csv.format(rows);
  }

  private static List<String> initialRow(RunFigures figures) {
    InitialPruning initial = figures.initialPruning();
    List<String> row =
        new ArrayList<>(
            List.of(
                figures.policy(),
                figures.runId(),
                "-1",
                "",
                "",
                "",
                "",
                "0",
                "0",
                number(initial.seconds()),
                number(initial.seconds()),
                Long.toString(initial.bytesUp()),
                Long.toString(initial.bytesUp()),
                Long.toString(initial.bytesDown()),
                Long.toString(initial.bytesDown()),
                "",
                "",
                ""));
    figures.layers().forEach(layer -> row.add(""));
    figures.layers().forEach(layer -> row.add(Integer.toString(layer.weights())));
    return row;
  }

  private static List<String> row(RunFigures figures, Point point, Total total) {
    List<String> row =
        new ArrayList<>(
            List.of(
                figures.policy(),
                figures.runId(),
                Integer.toString(point.round()),
                number(point.accuracy()),
                number(point.loss()),
                number(point.density()),
                Integer.toString(point.activeParameters()),
                number(point.estimatedSeconds()),
                number(total.estimatedSeconds()),
                number(point.seconds()),
                number(total.seconds()),
                Long.toString(point.bytesUp()),
                Long.toString(total.bytesUp()),
                Long.toString(point.bytesDown()),
                Long.toString(total.bytesDown()),
                number(point.trainSeconds()),
                Integer.toString(point.contributors()),
                number(point.gradientNormSquared())));
    point.layerDensities().forEach(density -> row.add(number(density)));
    figures.layers().forEach(layer -> row.add(Integer.toString(layer.weights())));
    return row;
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "" : Double.toString(value);
  }

  static RunFigures read(Path file) {
    try {
      return parse(Files.readString(file));
    } catch (IOException | IllegalArgumentException e) {
      throw UserError.badInput(
          file + " cannot be read as the figures of a run: " + e.getMessage() + ".", e);
    }
  }

  /**
   * The inverse of {@link #format}.
   *
   * @throws IllegalArgumentException if a column or the row of round -1 is missing, or a field is no number
   */
  static RunFigures parse(String text) {
    List<List<String>> rows = Csv.parse(text);
    if (rows.size() < 2) {
      throw new IllegalArgumentException("it lacks the header or the row of round -1");
    }
    Row first = new Row(rows.getFirst(), rows.get(1));
    if (first.whole("round") != -1) {
      throw new IllegalArgumentException("its first row is not that of round -1");
    }
    List<Layer> layers = first.layers();
    List<Point> points =
        rows.stream()
            .skip(2)
            .map(fields -> new Row(rows.getFirst(), fields).point(layers))
            .toList();
    return new RunFigures(
        first.text("policy"),
        first.text("run"),
        layers,
        new InitialPruning(
            first.number("seconds"), first.count("bytes_up"), first.count("bytes_down")),
        points);
  }

  /** A row that has been read, by the names of its columns. */
  private record Row(List<String> header, List<String> fields) {

    Row {
      if (fields.size() != header.size()) {
        throw new IllegalArgumentException(
            "a row has " + fields.size() + " fields instead of " + header.size());
      }
    }

    List<Layer> layers() {
      return header.stream()
          .filter(column -> column.startsWith(WEIGHTS))
          .map(column -> new Layer(column.substring(WEIGHTS.length()), whole(column)))
          .toList();
    }

    Point point(List<Layer> layers) {
      return new Point(
          whole("round"),
          number("accuracy"),
          number("loss"),
          number("density"),
          whole("active_parameters"),
          layers.stream().map(layer -> number(DENSITY + layer.name())).toList(),
          number("estimated_seconds"),
          number("seconds"),
          count("bytes_up"),
          count("bytes_down"),
          number("train_seconds"),
          whole("contributors"),
          number("gradient_norm_squared"));
    }

    String text(String column) {
      int index = header.indexOf(column);
      if (index < 0) {
        throw new IllegalArgumentException("it lacks the column " + column);
      }
      return fields.get(index);
    }

    double number(String column) {
      String text = text(column);
      return text.isEmpty() ? Double.NaN : Double.parseDouble(text);
    }

    int whole(String column) {
      return Integer.parseInt(text(column));
    }

    long count(String column) {
      return Long.parseLong(text(column));
    }
  }
}
