package io.coppice.learning.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * A JSON object from a file that a user wrote: every access says in one sentence where what is missing, and what belongs there.
 */
public final class JsonObject {

  private static final ObjectMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private final JsonNode node;
  private final String where;

  private JsonObject(JsonNode node, String where) {
    this.node = node;
    this.where = where;
  }

  /**
   * Reads a file whose whole content is one object.
   *
   * @throws DataFormatException if it cannot be read, is not JSON, or is another kind of value
   */
  public static JsonObject read(Path file) {
    return of(tree(file), file.toString());
  }

  /**
   * Reads one object from a stream.
   *
   * @param where what the user calls the source; every message begins with it
   * @throws DataFormatException if it cannot be read, is not JSON, or is another kind of value
   */
  public static JsonObject read(InputStream in, String where) {
    try {
      return of(MAPPER.readTree(in), where);
    } catch (IOException e) {
      throw unreadable(where, e);
    }
  }

  /** A file's content, whatever kind of JSON value it is. */
  static JsonNode tree(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return MAPPER.readTree(in);
    } catch (IOException e) {
      throw unreadable(file.toString(), e);
    }
  }

  private static DataFormatException unreadable(String where, IOException e) {
    return switch (e) {
      case NoSuchFileException missing ->
          new DataFormatException("There is no file " + where + ".", missing);
      case JsonProcessingException wrong ->
          new DataFormatException(
              String.format(
                  "%s is not JSON: %s in line %d.",
                  where,
                  // What follows speaks of Jackson's own settings.
                  wrong.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""),
                  wrong.getLocation() == null ? 1 : wrong.getLocation().getLineNr()),
              wrong);
      default -> new DataFormatException(where + " cannot be read: " + e.getMessage() + ".", e);
    };
  }

  static JsonObject of(JsonNode node, String where) {
    if (!node.isObject()) {
      throw new DataFormatException(where + " must be a JSON object.");
    }
    return new JsonObject(node, where);
  }

  /** Where the object was found, the beginning of every message about it. */
  public String where() {
    return where;
  }

  /** Whether a field is there and is not null. */
  public boolean has(String field) {
    return node.hasNonNull(field);
  }

  /** A field of text. */
  public String text(String field) {
    return required(field, JsonNode::isTextual, "text").textValue();
  }

  /** A field that is true or false. */
  public boolean flag(String field) {
    return required(field, JsonNode::isBoolean, "true or false").booleanValue();
  }

  /** A number, finite and at least 0. */
  public double nonNegative(String field) {
    return checkNonNegative(required(field, JsonNode::isNumber, "a number"), field);
  }

  /** A list of numbers, each finite and at least 0. */
  public double[] nonNegatives(String field) {
    JsonNode list = required(field, JsonNode::isArray, "a list of numbers");
    double[] values = new double[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = checkNonNegative(list.get(i), field + "[" + i + "]");
    }
    return values;
  }

  private double checkNonNegative(JsonNode number, String field) {
    double value = number.doubleValue();
    if (!number.isNumber() || !(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new DataFormatException(
          String.format("%s: %s must be a number of at least 0, not %s.", where, field, number));
    }
    return value;
  }

  /** A whole number of at least {@code least}. */
  public int integer(String field, int least) {
    JsonNode value = required(field, JsonNode::isIntegralNumber, "a whole number");
    if (!value.canConvertToInt() || value.intValue() < least) {
      throw new DataFormatException(
          String.format(
              "%s: %s must be a whole number of at least %d, not %s.", where, field, least, value));
    }
    return value.intValue();
  }

  /** A list of whole numbers, each at least {@code least}. */
  public int[] integers(String field, int least) {
    return integers(
        required(field, JsonNode::isArray, "a list of whole numbers"), where + ": " + field, least);
  }

  static int[] integers(JsonNode list, String where, int least) {
    if (!list.isArray()) {
      throw new DataFormatException(where + " must be a list of whole numbers.");
    }
    int[] values = new int[list.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = list.get(i);
      if (!value.canConvertToInt() || !value.isIntegralNumber() || value.intValue() < least) {
        throw new DataFormatException(
            String.format(
                "%s[%d] must be a whole number of at least %d, not %s.", where, i, least, value));
      }
      values[i] = value.intValue();
    }
    return values;
  }

  /** A list of objects. */
  public List<JsonObject> objects(String field) {
    JsonNode list = required(field, JsonNode::isArray, "a list of objects");
    List<JsonObject> objects = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      objects.add(of(list.get(i), where + ": " + field + "[" + i + "]"));
    }
    return objects;
  }

  /** A list of anything. */
  JsonNode list(String field) {
    return required(field, JsonNode::isArray, "a list");
  }

  private JsonNode required(String field, Predicate<JsonNode> kind, String allowed) {
    JsonNode value = node.get(field);
    if (value == null || value.isNull()) {
      throw new DataFormatException(
          String.format("%s: the field %s is missing; it must be %s.", where, field, allowed));
    }
    if (!kind.test(value)) {
      throw new DataFormatException(
          String.format("%s: the field %s must be %s.", where, field, allowed));
    }
    return value;
  }
}
