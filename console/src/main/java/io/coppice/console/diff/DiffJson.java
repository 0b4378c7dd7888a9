package io.coppice.console.diff;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.audit.diff.DiffResult;
import io.coppice.audit.diff.DiffResult.End;
import io.coppice.audit.diff.FieldDifference;
import io.coppice.audit.diff.Parting;
import io.coppice.schemas.Contributor;
import java.util.List;

/** What a comparison of two runs has found, as JSON. */
public final class DiffJson {

  private DiffJson() {}

  /** The document of {@code --json}; {@code docs/audit.md} tells of its fields. */
  public static ObjectNode of(String first, String second, DiffResult result) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("first", first);
    json.put("second", second);
    json.put("equal", result.equal());
    json.put("equalRounds", result.equalRounds());
    ArrayNode definition = json.putArray("definition");
    for (FieldDifference field : result.definition()) {
      definition
          .addObject()
          .put("field", field.field())
          .put("first", field.first())
          .put("second", field.second());
    }
    result.incomparable().ifPresent(why -> json.put("incomparable", why));
    result
        .contributors()
        .ifPresent(
            difference -> {
              ObjectNode node = json.putObject("contributors").put("round", difference.round());
              contributors(node.putArray("first"), difference.first());
              contributors(node.putArray("second"), difference.second());
            });
    result.parting().ifPresent(parting -> parting(json.putObject("parting"), parting));
    end(json.putObject("firstEnd"), result.firstEnd());
    end(json.putObject("secondEnd"), result.secondEnd());
    return json;
  }

  private static void contributors(ArrayNode array, List<Contributor> contributors) {
    for (Contributor contributor : contributors) {
      array
          .addObject()
          .put("agent", contributor.getAgentId())
          .put("weight", contributor.getWeight());
    }
  }

  private static void parting(ObjectNode json, Parting parting) {
    json.put("round", parting.round());
    switch (parting) {
      case Parting.InMask mask ->
          json.put("in", "mask")
              .put("firstVersion", mask.firstVersion())
              .put("secondVersion", mask.secondVersion())
              .put("layer", mask.layer())
              .put("index", mask.index())
              .put("parameter", mask.parameter())
              .put("activeInFirst", mask.activeInFirst());
      case Parting.InAggregate value ->
          json.put("in", value.kind().name().equals("DELTA") ? "aggregates" : "importance")
              .put("shard", value.shard())
              .put("index", value.index())
              .put("parameter", value.parameter())
              .put("first", value.first())
              .put("firstBits", DiffText.hex(value.first()))
              .put("second", value.second())
              .put("secondBits", DiffText.hex(value.second()));
      case Parting.InUpload upload ->
          json.put("in", "upload").put("askedInFirst", upload.inFirst());
    }
  }

  private static void end(ObjectNode json, End end) {
    json.put("round", end.round());
    json.put("why", end.why().orElse(null));
  }
}
