package io.coppice.console.explain;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import io.coppice.audit.explain.Explanation;
import java.time.Instant;

/** An explanation as JSON: the components of its records by their names, times in ISO 8601. */
public final class ExplanationJson {

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .registerModule(
              new SimpleModule().addSerializer(Instant.class, ToStringSerializer.instance));

  private ExplanationJson() {}

  /** One JSON document. */
  public static String of(Explanation explanation) {
    try {
      return JSON.writeValueAsString(explanation);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("An explanation has no JSON: " + e.getMessage(), e);
    }
  }
}
