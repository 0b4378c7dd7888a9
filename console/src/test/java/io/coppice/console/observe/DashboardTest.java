package io.coppice.console.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The dashboard and the alerts speak of metrics that there are, and Grafana can show the one and docs/operations.md explains the others. */
class DashboardTest {

  private static final Path OBSERVE = Path.of("..", "docker", "observe");

  /** Grafana's grid is so many columns wide. */
  private static final int COLUMNS = 24;

  /** What looks like a metric: our names and those of the client and JVM metrics that we use. */
  private static final Pattern METRIC =
      Pattern.compile("\\b(?:coppice|kafka|jvm|process|system)_[a-z_]+\\b|\\bup\\b");

  private static JsonNode dashboard;
  private static String alerts;
  private static Set<String> known;

  @BeforeAll
  static void read() throws IOException {
    dashboard =
        new ObjectMapper().readTree(OBSERVE.resolve("grafana/dashboards/coppice.json").toFile());
    alerts = Files.readString(OBSERVE.resolve("alerts.yml"));
    known = new HashSet<>(MetricTable.documentedNames());
    known.add("up"); // Prometheus' own
  }

  private static List<JsonNode> panels() {
    List<JsonNode> panels = new ArrayList<>();
    dashboard.get("panels").forEach(panels::add);
    return panels;
  }

  private static List<String> expressions(JsonNode panel) {
    List<String> expressions = new ArrayList<>();
    panel.path("targets").forEach(target -> expressions.add(target.get("expr").asText()));
    return expressions;
  }

  private static Set<String> metrics(String expression) {
    return METRIC
        .matcher(expression)
        .results()
        .map(MatchResult::group)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void everyPanelHasATitleADatasourceAndExpressionsOverKnownMetrics() throws IOException {
    String datasource =
        Files.readString(OBSERVE.resolve("grafana/provisioning/datasources/prometheus.yml"));
    for (JsonNode panel : panels()) {
      String title = panel.path("title").asText();
      assertThat(title).isNotBlank();
      if (panel.get("type").asText().equals("row")) {
        continue;
      }
      assertThat(datasource)
          .as(title)
          .contains("uid: " + panel.at("/datasource/uid").asText("none") + "\n");
      assertThat(expressions(panel)).as(title).isNotEmpty();
      for (String expression : expressions(panel)) {
        assertThat(metrics(expression)).as("%s: %s", title, expression).isNotEmpty();
        assertThat(known).as("%s: %s", title, expression).containsAll(metrics(expression));
      }
      assertThat(panel.path("targets"))
          .as(title)
          .extracting(target -> target.get("refId").asText())
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void panelsHaveIdsOfTheirOwnAndDoNotOverlap() {
    assertThat(panels()).extracting(panel -> panel.get("id").asInt()).doesNotHaveDuplicates();
    Set<List<Integer>> taken = new HashSet<>();
    for (JsonNode panel : panels()) {
      JsonNode at = panel.get("gridPos");
      int right = at.get("x").asInt() + at.get("w").asInt();
      assertThat(right).as(panel.get("title").asText()).isLessThanOrEqualTo(COLUMNS);
      for (int x = at.get("x").asInt(); x < right; x++) {
        for (int y = at.get("y").asInt(); y < at.get("y").asInt() + at.get("h").asInt(); y++) {
          assertThat(taken.add(List.of(x, y)))
              .as("%s at column %d, line %d", panel.get("title").asText(), x, y)
              .isTrue();
        }
      }
    }
  }

  @Test
  void theRunCanBeChosen() {
    JsonNode variable = dashboard.at("/templating/list/0");
    assertThat(variable.get("name").asText()).isEqualTo("run");
    assertThat(known).containsAll(metrics(variable.get("definition").asText()));
    assertThat(panels().stream().flatMap(panel -> expressions(panel).stream()))
        .filteredOn(expression -> metrics(expression).stream().anyMatch(DashboardTest::isOfARun))
        .isNotEmpty()
        .allMatch(expression -> expression.contains("run=~\"$run\""));
  }

  private static boolean isOfARun(String metric) {
    return metric.matches("coppice_(run|round|rounds|updates|mask|evaluation|aggregates)_.*");
  }

  @Test
  void alertsSpeakOfKnownMetrics() {
    Stream<String> expressions =
        Pattern.compile("expr: (?:>-\\n)?(.+?)\\n\\s+(?:for|labels):", Pattern.DOTALL)
            .matcher(alerts)
            .results()
            .map(result -> result.group(1));
    assertThat(expressions)
        .hasSizeGreaterThan(20)
        .allSatisfy(
            expression -> {
              assertThat(metrics(expression)).isNotEmpty();
              assertThat(known).containsAll(metrics(expression));
            });
  }

  @Test
  void everyAlertIsExplainedAndTested() throws IOException {
    List<String> names =
        Pattern.compile("- alert: (\\w+)")
            .matcher(alerts)
            .results()
            .map(result -> result.group(1))
            .toList();
    String docs = MetricTable.docs();
    String tests = Files.readString(OBSERVE.resolve("alerts-test.yml"));
    assertThat(names)
        .doesNotHaveDuplicates()
        .allMatch(name -> docs.contains("\n| `" + name + "` |"))
        .allMatch(name -> tests.contains("alertname: " + name + "\n"));
  }

  @Test
  void theGuideNamesNoMetricThatItDoesNotExplain() throws IOException {
    Set<String> named = metrics(MetricTable.docs());
    named.removeIf(name -> name.endsWith("_") || !name.startsWith("coppice_"));
    assertThat(known).containsAll(named);
  }
}
