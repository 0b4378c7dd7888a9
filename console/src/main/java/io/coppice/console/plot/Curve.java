package io.coppice.console.plot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.console.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One run's figures, round by round.
 *
 * @param label its name in the picture
 * @param reference whether another implementation made it
 * @param points in the order of rounds, at least one of them evaluated
 */
public record Curve(String label, boolean reference, List<Point> points) {

  /**
   * A round; times and bytes are summed from round 0 on.
   *
   * @param accuracy in [0, 1]; NaN where it was not evaluated
   * @param density of the mask after the round, in [0, 1]
   */
  public record Point(
      int round, double accuracy, double density, double estimatedSeconds, double bytesUp) {
    boolean isEvaluated() {
      return !Double.isNaN(accuracy);
    }
  }

  /** The last evaluated round. */
  public Point lastEvaluated() {
    return evaluated().getLast();
  }

  List<Point> evaluated() {
    return points.stream().filter(Point::isEvaluated).toList();
  }

  /**
   * Reads a report of {@code coppice demo}.
   *
   * @throws UserError if the file is missing or not such a report
   */
  public static Curve ofReport(String label, Path file) {
    JsonNode rounds = read(file).path("rounds");
    if (!rounds.isArray() || rounds.isEmpty()) {
      throw UserError.badInput(
          file + " is not a report of 'coppice demo --report': it has no rounds.");
    }
    List<Point> points = new ArrayList<>();
    double seconds = 0;
    double bytes = 0;
    for (JsonNode round : rounds) {
      seconds += round.path("estimatedSeconds").asDouble();
      bytes += round.path("bytesUp").asDouble();
      points.add(
          new Point(
              round.path("round").asInt(),
              round.path("accuracy").asDouble(Double.NaN),
              round.path("density").asDouble(),
              seconds,
              bytes));
    }
    return checked(new Curve(label, false, points), file);
  }

  private static JsonNode read(Path file) {
    try {
      return new ObjectMapper().readTree(file.toFile());
    } catch (IOException e) {
      throw UserError.badInput(file + " cannot be read as JSON: " + e.getMessage(), e);
    }
  }

  /**
   * Reads the curves of another implementation.
   *
   * @param clients number of clients, whose bytes the file gives one by one
   * @throws UserError if the file is missing or lacks a column
   */
  public static Curve ofCsv(String label, Path file, int clients) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw UserError.badInput(file + " cannot be read: " + e.getMessage(), e);
    }
    List<String> header = Arrays.asList(lines.getFirst().split(","));
    int phase = column(header, "phase", file);
    int round = column(header, "round", file);
    int accuracy = column(header, "test_acc", file);
    int estimated = column(header, "est_time_s", file);
    int density = column(header, "density", file);
    int up = column(header, "payload_up_bytes_per_client", file);
    List<Point> points = new ArrayList<>();
    double seconds = 0;
    double bytes = 0;
    for (String line : lines.subList(1, lines.size())) {
      String[] fields = line.split(",", -1);
      if (!fields[phase].equals("fl")) {
        continue;
      }
      seconds += number(fields[estimated]);
      bytes += fields[up].isEmpty() ? 0 : clients * number(fields[up]);
      points.add(
          new Point(
              Integer.parseInt(fields[round]),
              fields[accuracy].isEmpty() ? Double.NaN : number(fields[accuracy]),
              number(fields[density]),
              seconds,
              bytes));
    }
    return checked(new Curve(label, true, points), file);
  }

  private static Curve checked(Curve curve, Path file) {
    if (curve.evaluated().isEmpty()) {
      throw UserError.badInput(file + " has no evaluated round.");
    }
    return curve;
  }

  private static double number(String field) {
    return Double.parseDouble(field);
  }

  private static int column(List<String> header, String name, Path file) {
    int column = header.indexOf(name);
    if (column < 0) {
      throw UserError.badInput(file + " lacks the column " + name + ".");
    }
    return column;
  }
}
