package io.coppice.console.observe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The tables of metrics in docs/operations.md, and what an exposition in Prometheus' text format has. */
public final class MetricTable {

  /** A metric by the name of its TYPE line, and its labels but those that every histogram has. */
  public record Metric(String name, Set<String> labels) implements Comparable<Metric> {
    @Override
    public int compareTo(Metric other) {
      return toString().compareTo(other.toString());
    }
  }

  /** | `name` | type | `label`, `label` | meaning | */
  private static final Pattern LINE =
      Pattern.compile(
          "^\\| `([a-z_]+)` \\| ([a-z, ]+) \\| ([a-z`, _]*) ?\\| .+ \\|$", Pattern.MULTILINE);

  private static final Pattern CODE = Pattern.compile("`([a-z_]+)`");
  private static final Pattern SAMPLE = Pattern.compile("^([a-z_]+)(?:\\{(.*)\\})? \\S+$");
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"(?:[^\"\\\\]|\\\\.)*\"");

  /** What a timer has beside its name. */
  private static final List<String> SUFFIXES = List.of("_bucket", "_count", "_sum", "_max");

  private MetricTable() {}

  /** docs/operations.md. */
  public static String docs() throws IOException {
    return Files.readString(Path.of("..", "docs", "operations.md"));
  }

  /** The metrics of all tables. */
  public static Set<Metric> documented() throws IOException {
    Set<Metric> metrics = new TreeSet<>();
    Matcher line = LINE.matcher(docs());
    while (line.find()) {
      metrics.add(
          new Metric(
              line.group(1),
              CODE.matcher(line.group(3))
                  .results()
                  .map(label -> label.group(1))
                  .collect(Collectors.toCollection(TreeSet::new))));
    }
    return metrics;
  }

  /** The names of all tables, and of what a timer has beside. */
  public static Set<String> documentedNames() throws IOException {
    Set<String> names = new TreeSet<>();
    for (Metric metric : documented()) {
      names.add(metric.name());
      if (metric.name().endsWith("_seconds")) {
        SUFFIXES.forEach(suffix -> names.add(metric.name() + suffix));
      }
    }
    return names;
  }

  /** What an exposition has. */
  public static Set<Metric> exported(String exposition) {
    Set<String> timers =
        exposition
            .lines()
            .filter(line -> line.matches("# TYPE \\S+ (histogram|summary)"))
            .map(line -> line.split(" ")[2])
            .collect(Collectors.toSet());
    Set<Metric> metrics = new TreeSet<>();
    exposition
        .lines()
        .forEach(
            line -> {
              Matcher sample = SAMPLE.matcher(line);
              if (!line.startsWith("#") && sample.matches()) {
                metrics.add(new Metric(base(sample.group(1), timers), labels(sample.group(2))));
              }
            });
    return metrics;
  }

  private static String base(String name, Set<String> timers) {
    return SUFFIXES.stream()
        .filter(name::endsWith)
        .map(suffix -> name.substring(0, name.length() - suffix.length()))
        .filter(timers::contains)
        .findFirst()
        .orElse(name);
  }

  private static Set<String> labels(String text) {
    return text == null
        ? Set.of()
        : LABEL
            .matcher(text)
            .results()
            .map((MatchResult label) -> label.group(1))
            .filter(label -> !label.equals("le"))
            .collect(Collectors.toCollection(TreeSet::new));
  }
}
