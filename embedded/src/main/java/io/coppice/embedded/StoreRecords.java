package io.coppice.embedded;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;

/**
 * The form of the records in {@code _schemas}: Confluent's own, so that a genuine registry that is pointed at the topic goes on
 * where this one stopped.
 */
final class StoreRecords {

  private static final ObjectMapper JSON = new ObjectMapper();

  private StoreRecords() {}

  static String schemaKey(String subject, int version) {
    return text(
        JSON.createObjectNode()
            .put("keytype", "SCHEMA")
            .put("subject", subject)
            .put("version", version)
            .put("magic", 1));
  }

  static String schemaValue(SchemaVersion version) {
    return text(
        JSON.createObjectNode()
            .put("subject", version.subject())
            .put("version", version.version())
            .put("id", version.id())
            .put("schema", version.schema())
            .put("deleted", false));
  }

  /**
   * @param subject null for the level of all subjects that have none of their own
   */
  static String levelKey(String subject) {
    return text(
        JSON.createObjectNode().put("keytype", "CONFIG").put("subject", subject).put("magic", 0));
  }

  static String levelValue(CompatibilityLevel level) {
    return text(JSON.createObjectNode().put("compatibilityLevel", level.name()));
  }

  static JsonNode parse(String record) {
    try {
      return JSON.readTree(record);
    } catch (JsonProcessingException e) {
      throw new EmbeddedClusterException(
          "The topic " + SchemasTopic.NAME + " holds text that is not JSON: " + record, e);
    }
  }

  private static String text(ObjectNode node) {
    try {
      return JSON.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
