package io.coppice.console.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.console.ReportFile;
import io.coppice.console.federation.RunSettings;
import io.coppice.console.progress.RoundProgress;
import io.coppice.console.progress.RunMonitor;
import io.coppice.learning.model.Mask;
import io.coppice.learning.pruning.CostModel;
import java.nio.file.Path;
import java.util.Arrays;

/** A run's figures as one JSON document. */
final class RunReport {

  private static final ObjectMapper JSON = new ObjectMapper();

  private RunReport() {}

  /**
   * Writes the document, whole or not at all.
   *
   * @throws io.coppice.console.UserError if the file cannot be written
   */
  static void write(Path file, RunSettings settings, RunMonitor monitor, Summary summary) {
    ObjectNode document = JSON.createObjectNode();
    document.put("run", monitor.run().id());
    document.set("settings", JSON.<JsonNode>valueToTree(settings));
    monitor
        .initialPruning()
        .ifPresent(
            stage -> {
              ObjectNode initial = document.putObject("initialPruning");
              initial.put("agent", stage.getAgentId());
              initial.put("localRounds", stage.getLocalRound());
              initial.put("trainAccuracy", stage.getTrainAccuracy());
              initial.put("decisions", stage.getDecisions());
              initial.put("density", stage.getDensity());
              monitor
                  .initialPruningRound()
                  .ifPresent(r -> initial.put("seconds", r.getTrainSeconds()));
            });
    ArrayNode rounds = document.putArray("rounds");
    for (RoundProgress round : monitor.rounds()) {
      rounds.add(toJson(round));
    }
    document.set("cost", toJson(monitor.cost()));
    document.set("final", toJson(monitor, summary));
    ReportFile.write(file, document);
  }

  private static ObjectNode toJson(RoundProgress round) {
    ObjectNode json = JSON.createObjectNode();
    json.put("round", round.round());
    json.put("accuracy", round.evaluated().map(e -> e.getAccuracy()).orElse(null));
    json.put("loss", round.evaluated().map(e -> e.getLoss()).orElse(null));
    json.put("density", round.density());
    json.put("activeParameters", round.activeParameters());
    json.put("bytesUp", round.bytesUp());
    json.put("bytesDown", round.bytesDown());
    json.put("seconds", round.seconds());
    json.put("estimatedSeconds", round.estimatedSeconds());
    json.put("trainSeconds", round.trainSeconds());
    json.put("contributors", round.contributors());
    json.put("rejected", round.rejected());
    return json;
  }

  private static ObjectNode toJson(CostModel cost) {
    ObjectNode json = JSON.createObjectNode();
    json.put("name", cost.name());
    json.put("fixedSeconds", cost.fixedSeconds());
    json.put("communicationSecondsPerWeight", cost.communicationSecondsPerWeight());
    ArrayNode computation = json.putArray("computationSecondsPerWeight");
    Arrays.stream(cost.computationSecondsPerWeight()).forEach(computation::add);
    return json;
  }

  private static ObjectNode toJson(RunMonitor monitor, Summary summary) {
    ObjectNode json = JSON.createObjectNode();
    json.put("round", monitor.lastClosedRound());
    json.put("accuracy", monitor.newestEvaluation().map(e -> e.getAccuracy()).orElse(null));
    json.put("loss", monitor.newestEvaluation().map(e -> e.getLoss()).orElse(null));
    json.put("density", summary.mask().density());
    json.put("activeParameters", summary.mask().activeParameters());
    ObjectNode layers = json.putObject("keptPerLayer");
    Mask mask = summary.mask();
    for (int l = 0; l < mask.layout().prunable().size(); l++) {
      layers.put(mask.layout().prunable().get(l).layer(), mask.kept(l));
    }
    json.put("modelBytes", summary.mask().modelBytes());
    json.put("bytesUp", summary.bytesUp());
    json.put("bytesDown", summary.bytesDown());
    json.put("seconds", summary.seconds());
    json.put("estimatedSeconds", summary.estimatedSeconds());
    json.set("firstTraining", JSON.<JsonNode>valueToTree(summary.firstTraining()));
    json.set("lastTraining", JSON.<JsonNode>valueToTree(summary.lastTraining()));
    ObjectNode conventional = json.putObject("conventional");
    conventional.put("modelBytes", summary.conventionalModelBytes());
    conventional.put("bytesUp", summary.conventionalBytesEachWay());
    conventional.put("bytesDown", summary.conventionalBytesEachWay());
    conventional.put("estimatedSeconds", summary.conventionalEstimatedSeconds());
    return json;
  }
}
