package io.coppice.console.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.console.bench.NetworkFigures.Line;
import java.util.List;
import java.util.Optional;

/** The figures of networks as one JSON document, with what they were measured on. */
final class BenchReport {

  private static final ObjectMapper JSON = new ObjectMapper();

  private BenchReport() {}

  /**
   * The document.
   *
   * @param peer what the peer says about itself
   */
  static ObjectNode of(
      BenchSettings settings, Optional<JsonNode> peer, List<NetworkFigures> networks) {
    ObjectNode document = JSON.createObjectNode();
    document.put("kind", settings.workload().kind().title());
    document.put("batch", settings.batch());
    document.put("importance", settings.importance());
    document.put("agents", settings.agents());
    document.put("stepsOfRound", Workload.UNITS);
    document.put("repeats", settings.repeats());
    document.put("cpu", Machine.cpu());
    document.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    document.put("java", Runtime.version().toString());
    document.set("peer", peer.orElse(null));
    ArrayNode list = document.putArray("networks");
    networks.forEach(figures -> list.add(toJson(figures)));
    return document;
  }

  private static ObjectNode toJson(NetworkFigures figures) {
    ObjectNode json = JSON.createObjectNode();
    json.put("network", figures.network());
    json.put("input", figures.input());
    json.put("classes", figures.classes());
    json.put("parameters", figures.parameters());
    json.put("data", figures.data());
    ObjectNode crossovers = json.putObject("crossovers");
    figures.crossovers().forEach(crossovers::put);
    ArrayNode lines = json.putArray("lines");
    for (Line line : figures.lines()) {
      ObjectNode entry = lines.addObject();
      entry.put("variant", line.variant());
      entry.put("density", line.density());
      entry.put("activeWeights", line.activeWeights());
      entry.put("medianMillis", line.timing().millis());
      if (!Double.isNaN(line.timing().onceMillis())) {
        entry.put("onceMillis", line.timing().onceMillis());
      }
      entry.put("speedUpOverDense", figures.speedUpOverDense(line));
      figures.speedUpOverPeer(line).ifPresent(x -> entry.put("speedUpOverPeer", x));
      line.withImportance()
          .ifPresent(
              with ->
                  entry
                      .putObject("withImportance")
                      .put("medianMillis", with.millis())
                      .put("onceMillis", with.onceMillis())
                      .put("overhead", line.importanceOverhead().orElseThrow()));
      line.amongAgents()
          .ifPresent(
              agents ->
                  entry
                      .putObject("amongAgents")
                      .put("medianMillis", agents.millis())
                      .put("onceMillis", agents.onceMillis())
                      .put("slowDown", line.slowDownAmongAgents().orElseThrow()));
    }
    return json;
  }
}
