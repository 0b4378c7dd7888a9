package io.coppice.console.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.console.CoppiceVersion;
import io.coppice.console.WholeFile;
import io.coppice.console.compare.RunFigures.MeanGradientNorm;
import io.coppice.console.compare.RunFigures.Point;
import io.coppice.console.compare.TableText.Section;
import io.coppice.console.plot.Panels;
import java.awt.Color;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A comparison as one HTML page that needs nothing else: template, plotting library and figures in one file. The page draws from
 * the figures, which stand in it as JSON.
 */
final class ReportPage {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern PLACE = Pattern.compile("/\\*\\{(\\w+)}\\*/");

  private ReportPage() {}

  /**
   * Writes the page, whole or not at all.
   *
   * @param settings what is the same for all runs, in the order to be shown
   * @throws IOException if it cannot be written
   */
  static void write(
      Path file, List<RunFigures> runs, ComparisonTable table, Map<String, String> settings)
      throws IOException {
    String page = page(figures(runs, table, settings, Instant.now()));
    WholeFile.write(file, part -> Files.writeString(part, page));
  }

  /** The template with its places filled. */
  static String page(ObjectNode figures) {
    Map<String, String> content =
        Map.of("echarts", ECharts.script(), "figures", scriptSafe(figures));
    return PLACE
        .matcher(template())
        .replaceAll((MatchResult place) -> Matcher.quoteReplacement(content.get(place.group(1))));
  }

  private static String template() {
    try (InputStream in = ReportPage.class.getResourceAsStream("report.html")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** JSON that may stand in a script element: nothing in it ends the element or begins a comment. */
  private static String scriptSafe(ObjectNode json) {
    try {
      return JSON.writeValueAsString(json).replace("<", "\\u003c"); // stands in strings only
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All that the page shows. */
  static ObjectNode figures(
      List<RunFigures> runs, ComparisonTable table, Map<String, String> settings, Instant now) {
    ObjectNode json = JSON.createObjectNode();
    json.put("date", now.truncatedTo(ChronoUnit.SECONDS).toString());
    json.put("version", CoppiceVersion.read());
    json.put("java", Runtime.version().toString());
    json.put("echarts", ECharts.version());
    json.put(
        "system",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
            + ", "
            + Runtime.getRuntime().availableProcessors()
            + " processors");
    ObjectNode shared = json.putObject("settings");
    settings.forEach(shared::put);
    ArrayNode axes = json.putArray("axes");
    for (Axis axis : Axis.values()) {
      Axis.Unit unit = axis.unit(runs);
      axes.addObject()
          .put("key", axis.name())
          .put("title", axis.title())
          .put("unit", unit.name())
          .put("size", unit.size());
    }
    ArrayNode sections = json.putArray("tables");
    for (Section section : TableText.sections(table)) {
      sections.addPOJO(section);
    }
    ArrayNode policies = json.putArray("runs");
    for (int r = 0; r < runs.size(); r++) {
      policies.add(run(runs.get(r), r));
    }
    return json;
  }

  private static ObjectNode run(RunFigures run, int place) {
    ObjectNode json = JSON.createObjectNode();
    json.put("policy", run.policy());
    json.put("run", run.runId());
    json.put("colour", css(Panels.colour(place)));
    json.put("dash", place / Panels.colours());
    json.putPOJO("initialPruning", run.initialPruning());
    column(json, "accuracy", run, Point::accuracy);
    column(json, "loss", run, Point::loss);
    column(json, "density", run, Point::density);
    column(json, "activeParameters", run, Point::activeParameters);
    for (Axis axis : Axis.values()) {
      ArrayNode values = json.putArray(axis.name());
      Arrays.stream(axis.values(run)).forEach(value -> add(values, value));
    }
    ArrayNode layers = json.putArray("layers");
    for (int l = 0; l < run.layers().size(); l++) {
      int layer = l;
      ObjectNode one = layers.addObject();
      one.put("name", run.layers().get(l).name());
      one.put("colour", css(Panels.scale(l, run.layers().size())));
      one.put("weights", run.layers().get(l).weights());
      column(one, "density", run, p -> p.layerDensities().get(layer));
    }
    List<MeanGradientNorm> means = run.meanGradientNorms();
    ArrayNode gradient = json.putArray("meanGradientNorms");
    for (MeanGradientNorm mean : means) {
      ObjectNode one = gradient.addObject();
      one.put("rounds", mean.rounds());
      one.put("mean", finiteOrNull(mean.mean()));
      one.put("bound", finiteOrNull(means.getFirst().boundAfter(mean.rounds())));
    }
    return json;
  }

  private static String css(Color colour) {
    return String.format("#%06X", colour.getRGB() & 0xFFFFFF);
  }

  private static void column(
      ObjectNode json, String name, RunFigures run, ToDoubleFunction<Point> value) {
    ArrayNode column = json.putArray(name);
    run.points().forEach(point -> add(column, value.applyAsDouble(point)));
  }

  /** Whole numbers are written as such, which is shorter. */
  private static void add(ArrayNode column, double value) {
    if (value == Math.rint(value) && Math.abs(value) < Long.MAX_VALUE) {
      column.add((long) value);
    } else {
      column.add(finiteOrNull(value));
    }
  }

  /** JSON has no number for what is not finite. */
  private static Double finiteOrNull(double value) {
    return Double.isFinite(value) ? value : null;
  }
}
