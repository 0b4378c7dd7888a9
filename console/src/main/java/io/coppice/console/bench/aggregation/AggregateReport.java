package io.coppice.console.bench.aggregation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.console.bench.Machine;
import java.util.List;
import java.util.Optional;

/** The figures of cases as one JSON document, with what they were measured on. */
final class AggregateReport {

  private static final ObjectMapper JSON = new ObjectMapper();

  private AggregateReport() {}

  /**
   * The document.
   *
   * @param place where the brokers were
   */
  static ObjectNode of(
      AggregateSettings settings, String place, List<CaseFigures> cases, Optional<NumpyPeer> peer) {
    ObjectNode document = JSON.createObjectNode();
    document.put("network", settings.network());
    document.put("density", settings.density());
    document.put("valuesOfUpdate", settings.mask().activeParameters());
    document.put("encoding", settings.encoding().name());
    document.put("rounds", settings.turns());
    document.put("warmUpRounds", settings.warmUpTurns());
    document.put("instanceHeapLimitMiB", settings.heapMegabytes());
    document.put("launcher", String.join(" ", settings.launcher()));
    document.put("brokers", place);
    document.put("cpu", Machine.cpu());
    document.put("processors", Runtime.getRuntime().availableProcessors());
    document.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    document.put("java", Runtime.version().toString());
    ArrayNode list = document.putArray("cases");
    cases.forEach(figures -> list.add(toJson(figures)));
    peer.ifPresent(p -> document.set("peer", toJson(p, settings.agents().getFirst())));
    return document;
  }

  private static ObjectNode toJson(CaseFigures figures) {
    ObjectNode json = JSON.createObjectNode();
    json.put("agents", figures.bench().agents());
    json.put("instances", figures.bench().instances());
    json.put("threads", figures.bench().threads());
    json.put("guarantee", figures.bench().guarantee().setting());
    json.put("megabytesPerSecond", figures.megabytesPerSecond());
    json.put("cpuMillisPerMegabyte", figures.cpuMillisPerMegabyte());
    json.put("busyProcessors", figures.busyProcessors());
    json.put("liveMegabytesPerSecond", figures.liveMegabytesPerSecond());
    json.put("roundsPerSecond", figures.roundsPerSecond());
    json.put("latencySeconds", figures.latencySeconds());
    json.put("worstLatencySeconds", figures.worstLatencySeconds());
    json.put("changelogBytesPerByte", figures.changelogPerByte());
    json.put("internalBytesPerByte", figures.internalPerByte());
    json.put("heapMiB", figures.heapMegabytes());
    json.set("heldBackRounds", toJson(figures.heldBack()));
    json.set("liveRounds", toJson(figures.live()));
    return json;
  }

  private static ArrayNode toJson(List<RoundFigures> rounds) {
    ArrayNode list = JSON.createArrayNode();
    for (RoundFigures round : rounds) {
      list.addObject()
          .put("bytes", round.bytes())
          .put("seconds", round.seconds())
          .put("latencySeconds", round.latencySeconds())
          .put("cpuSeconds", round.cpuSeconds())
          .put("otherCpuSeconds", round.otherCpuSeconds());
    }
    return list;
  }

  private static ObjectNode toJson(NumpyPeer peer, int agents) {
    ObjectNode json = JSON.createObjectNode();
    json.set("environment", peer.environment());
    json.put("agents", agents);
    for (NumpyPeer.Method method : NumpyPeer.Method.values()) {
      json.put(method.title() + "MegabytesPerSecond", peer.megabytesPerSecond(method, agents));
    }
    return json;
  }
}
