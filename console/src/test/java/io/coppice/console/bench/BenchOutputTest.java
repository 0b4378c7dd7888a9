package io.coppice.console.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.console.bench.NetworkFigures.Line;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tables and reports of figures that were not measured. */
class BenchOutputTest {

  private static final BenchSettings STEP = settings(false, 1, false, 20);

  private static final Timing NOT_ONCE = new Timing(30, Double.NaN);
  private static final Line PEER = line(NetworkFigures.PEER, 1, 1000, NOT_ONCE);
  private static final Line DENSE = line(Variant.DENSE.name(), 1, 1000, new Timing(40, 5));
  private static final Line SPARSE = line("sparse", 0.1, 100, new Timing(8, 2.5));

  /** A round of five steps takes 60 ms instead of 42.5 ms, the difference being 3.5 ms a step. */
  private static final Line SPARSE_WITH_ALL =
      new Line(
          "sparse",
          0.1,
          100,
          new Timing(8, 2.5),
          Optional.of(new Timing(10, 10)),
          Optional.of(new Timing(9, 3)));

  private static BenchSettings settings(
      boolean importance, int agents, boolean inference, int batch) {
    return new BenchSettings(
        List.of("conv2"), List.of(0.1), batch, 7, importance, agents, inference, Optional.empty());
  }

  private static Line line(String variant, double density, int active, Timing timing) {
    return new Line(variant, density, active, timing, Optional.empty(), Optional.empty());
  }

  private static NetworkFigures figures(Line... lines) {
    Map<String, Double> crossovers = new LinkedHashMap<>();
    crossovers.put("fc2", 0.5);
    crossovers.put("conv1", 0.456);
    return new NetworkFigures(
        "conv2", "1 x 28 x 28", 62, 1234, "MNIST", crossovers, List.of(lines));
  }

  @Test
  void aRatioSaysHowManyTimesAsFast() {
    assertThat(figures(PEER, DENSE, SPARSE).speedUpOverDense(SPARSE)).isEqualTo(5);
    assertThat(figures(PEER, DENSE, SPARSE).speedUpOverPeer(SPARSE)).hasValue(3.75);
    assertThat(figures(DENSE, SPARSE).speedUpOverPeer(SPARSE)).isEmpty();
  }

  @Test
  void theTableHasALineACase() {
    assertThat(table(STEP, figures(PEER, DENSE, SPARSE)))
        .isEqualToNormalizingNewlines(
            """
            conv2: 1,234 parameters, images of 1 x 28 x 28 in 62 classes (MNIST), batch 20
                              density active weights    ms a step    ms once     x ND4J  x PyTorch
            dense (PyTorch)    1.0000          1,000       30.000          -       1.33       1.00
            dense (ND4J)       1.0000          1,000       40.000      5.000       1.00       0.75
            sparse             0.1000            100        8.000      2.500       5.00       3.75
            crossovers: fc2 0.50, conv1 0.46

            """);
  }

  @Test
  void withoutAPeerItsColumnIsEmpty() {
    assertThat(table(STEP, figures(DENSE)).lines())
        .element(2)
        .asString()
        .endsWith("5.000       1.00          -");
  }

  @Test
  void theTableSaysWhatWasMeasured() {
    assertThat(table(settings(false, 1, true, 1), figures(DENSE)))
        .contains("batch 1\n", "ms a batch")
        .doesNotContain("importance", "agents");
  }

  @Test
  void importanceAndAgentsHaveColumnsOfTheirOwn() {
    assertThat(table(settings(true, 4, false, 20), figures(PEER, DENSE, SPARSE_WITH_ALL)).lines())
        .elements(1, 2, 4)
        .satisfiesExactly(
            title ->
                assertThat(title)
                    .endsWith(" x PyTorch  importance:    ms once  overhead    4 agents:  / one"),
            peer ->
                assertThat(peer)
                    .endsWith(" 1.00            -          -         -            -      -"),
            sparse ->
                assertThat(sparse)
                    .endsWith(" 3.75       10.000     10.000      44 %        9.000   1.13"));
  }

  @Test
  void overheadIsThatOfARoundInPartsOfAStep() {
    assertThat(SPARSE_WITH_ALL.importanceOverhead()).hasValue(3.5 / 8);
    assertThat(SPARSE.importanceOverhead()).isEmpty();
    assertThat(SPARSE_WITH_ALL.slowDownAmongAgents()).hasValue(9.0 / 8);
    assertThat(SPARSE.slowDownAmongAgents()).isEmpty();
  }

  @Test
  void theLegendExplainsWhatIsThere() {
    assertThat(legend(STEP)).contains("Crossovers: ").doesNotContain("Overhead: ", "agents: ");
    assertThat(legend(settings(true, 4, false, 20)))
        .contains("Overhead: what that adds to a round of 5 steps", "4 agents: ms a step of each");
  }

  @Test
  void theReportHasTheFiguresAndWhatTheyWereMeasuredOn() throws Exception {
    ObjectMapper json = new ObjectMapper();
    JsonNode peer = json.readTree("{\"torch\": \"2.0\"}");
    JsonNode report =
        json.readTree(
            BenchReport.of(STEP, Optional.of(peer), List.of(figures(PEER, DENSE, SPARSE)))
                .toString());
    assertThat(report.get("kind").asText()).isEqualTo("step");
    assertThat(report.get("batch").asInt()).isEqualTo(20);
    assertThat(report.get("importance").asBoolean()).isFalse();
    assertThat(report.get("repeats").asInt()).isEqualTo(7);
    assertThat(report.get("cpu").asText()).isNotBlank();
    assertThat(report.get("java").asText()).isEqualTo(Runtime.version().toString());
    assertThat(report.get("peer")).isEqualTo(peer);
    JsonNode network = report.get("networks").get(0);
    assertThat(network.get("network").asText()).isEqualTo("conv2");
    assertThat(network.get("data").asText()).isEqualTo("MNIST");
    assertThat(network.get("parameters").asInt()).isEqualTo(1234);
    assertThat(network.get("crossovers"))
        .isEqualTo(json.readTree("{\"fc2\": 0.5, \"conv1\": 0.456}"));
    assertThat(network.get("lines").get(0).has("onceMillis")).isFalse();
    assertThat(network.get("lines").get(2))
        .isEqualTo(
            json.readTree(
                """
                {"variant": "sparse", "density": 0.1, "activeWeights": 100, "medianMillis": 8.0,
                 "onceMillis": 2.5, "speedUpOverDense": 5.0, "speedUpOverPeer": 3.75}
                """));
  }

  @Test
  void theReportHasWhatImportanceAndAgentsCost() throws Exception {
    ObjectMapper json = new ObjectMapper();
    JsonNode report =
        json.readTree(
            BenchReport.of(
                    settings(true, 4, false, 20),
                    Optional.empty(),
                    List.of(figures(DENSE, SPARSE_WITH_ALL)))
                .toString());
    assertThat(report.get("importance").asBoolean()).isTrue();
    assertThat(report.get("agents").asInt()).isEqualTo(4);
    assertThat(report.get("stepsOfRound").asInt()).isEqualTo(5);
    JsonNode line = report.get("networks").get(0).get("lines").get(1);
    assertThat(line.get("withImportance"))
        .isEqualTo(
            json.readTree("{\"medianMillis\": 10.0, \"onceMillis\": 10.0, \"overhead\": 0.4375}"));
    assertThat(line.get("amongAgents"))
        .isEqualTo(
            json.readTree("{\"medianMillis\": 9.0, \"onceMillis\": 3.0, \"slowDown\": 1.125}"));
  }

  @Test
  void aReportWithoutAPeerSaysSo() {
    JsonNode report = BenchReport.of(STEP, Optional.empty(), List.of(figures(DENSE)));
    assertThat(report.get("peer").isNull()).isTrue();
    assertThat(report.get("networks").get(0).get("lines").get(0).has("speedUpOverPeer")).isFalse();
  }

  private static String table(BenchSettings settings, NetworkFigures figures) {
    StringWriter text = new StringWriter();
    new BenchTable(new PrintWriter(text), settings).print(figures);
    return text.toString();
  }

  private static String legend(BenchSettings settings) {
    StringWriter text = new StringWriter();
    new BenchTable(new PrintWriter(text), settings).printLegend();
    return text.toString();
  }
}
