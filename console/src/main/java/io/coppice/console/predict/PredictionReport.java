package io.coppice.console.predict;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.learning.engine.Network.LayerChoice;
import java.util.List;

/** The comparison as a JSON document. */
final class PredictionReport {

  private PredictionReport() {}

  static ObjectNode of(Subject subject, List<Comparison> comparisons) {
    ObjectNode document = JsonNodeFactory.instance.objectNode();
    document.put("run", subject.model().run());
    document.put("round", subject.model().round());
    document.put("network", subject.model().architecture().network());
    document.put("maskVersion", subject.model().maskVersion());
    document.put("density", subject.model().mask().density());
    document.put("images", subject.data().size());
    document.put("sparseKernels", subject.kernels());
    ArrayNode layers = document.putArray("layers");
    for (LayerChoice choice : subject.choices()) {
      layers
          .addObject()
          .put("name", choice.layer())
          .put("density", choice.density())
          .put("sparse", choice.sparse());
    }
    document
        .putObject("dense")
        .put("parameters", subject.parameters())
        .put("modelBytes", subject.model().denseBytes());
    document
        .putObject("pruned")
        .put("parameters", subject.model().mask().activeParameters())
        .put("modelBytes", subject.model().mask().modelBytes());
    ArrayNode batches = document.putArray("batches");
    for (Comparison comparison : comparisons) {
      ObjectNode batch = batches.addObject();
      batch.put("batch", comparison.batch());
      batch.set("dense", side(comparison, comparison.dense()));
      batch.set("pruned", side(comparison, comparison.pruned()));
      batch.put("speedUp", comparison.speedUp());
      batch.put("differingPredictions", comparison.differing());
      batch.put("largestLogitDifference", comparison.largestLogitDifference());
    }
    return document;
  }

  private static ObjectNode side(Comparison comparison, Comparison.Side side) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("accuracy", side.answers().accuracy());
    json.putObject("wallClockMillis")
        .put("batches", side.latencies().count())
        .put("mean", side.latencies().mean())
        .put("p50", side.latencies().percentile(50))
        .put("p90", side.latencies().percentile(90))
        .put("p99", side.latencies().percentile(99));
    json.put("imagesPerSecond", comparison.imagesPerSecond(side));
    return json;
  }
}
