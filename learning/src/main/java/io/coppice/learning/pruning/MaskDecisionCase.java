package io.coppice.learning.pruning;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.learning.data.DataFormatException;
import io.coppice.learning.data.JsonObject;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * One mask decision as a JSON file, for trying a decision by hand and for comparing it with another implementation.
 *
 * <p>The file is an object:
 *
 * <ul>
 *   <li>{@code name} (optional)
 *   <li>{@code time_constant}: fixed seconds of a round; {@code comm_coefficient}: seconds to send one active weight; {@code
 *       comp_coefficients}: seconds a round to compute with one active weight, one entry a prunable layer; all at least 0
 *   <li>{@code dec_pct}: fraction of each layer's active weights to set aside first, in [0, 1)
 *   <li>{@code max_density}: null, or the limit of growth, in [0, 1]
 *   <li>{@code layers}, in the model's order, each with {@code name}, {@code prunable}, {@code weight_shape}, {@code
 *       sqgrad_weight_f32} (importance of the weights), {@code sqgrad_bias_f32} (null where there is no bias), and, if prunable,
 *       {@code weight_f32} and {@code mask_u8}
 * </ul>
 *
 * Fields ending in {@code _f32} are base64 of little-endian float32, {@code _u8} of one byte 0 or 1 an entry, row-major. Other
 * fields are ignored.
 *
 * @param name the case's name, for people
 * @param mask the mask in force
 * @param parameters all parameters, in layout order; 0 where the case has none, as for biases
 * @param importance of all parameters, in layout order
 * @param cost seconds of a round
 * @param decrease fraction of each layer's active weights to set aside first
 * @param maxDensity limit of growth
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record MaskDecisionCase(
    String name,
    Mask mask,
    float[] parameters,
    float[] importance,
    CostModel cost,
    double decrease,
    OptionalDouble maxDensity) {

  /**
   * Reads a case from a file.
   *
   * @throws DataFormatException if the file is not such a case
   */
  public static MaskDecisionCase read(Path file) {
    return of(JsonObject.read(file));
  }

  /**
   * Reads a case from a stream.
   *
   * @param source what the user calls the stream; messages begin with it
   * @throws DataFormatException if the stream is not such a case
   */
  public static MaskDecisionCase read(InputStream in, String source) {
    return of(JsonObject.read(in, source));
  }

  private static MaskDecisionCase of(JsonObject json) {
    List<JsonObject> layers = json.objects("layers");
    ParameterLayout layout = layout(layers);
    double[] computation = json.nonNegatives("comp_coefficients");
    if (computation.length != layout.prunable().size()) {
      throw new DataFormatException(
          String.format(
              "%s: comp_coefficients has %d entries, but %d layers are prunable.",
              json.where(), computation.length, layout.prunable().size()));
    }
    float[] parameters = new float[layout.size()];
    float[] importance = new float[layout.size()];
    List<BitSet> active = new ArrayList<>();
    int next = 0;
    for (JsonObject layer : layers) {
      ParameterTensor weight = layout.tensors().get(next++);
      floats(layer, "sqgrad_weight_f32", weight, importance);
      if (weight.prunable()) {
        floats(layer, "weight_f32", weight, parameters);
        active.add(bits(layer, "mask_u8", weight.size()));
      }
      if (layer.has("sqgrad_bias_f32")) {
        floats(layer, "sqgrad_bias_f32", layout.tensors().get(next++), importance);
      }
    }
    String name = json.has("name") ? json.text("name") : json.where();
    return new MaskDecisionCase(
        name,
        Mask.of(layout, active),
        parameters,
        importance,
        new CostModel(
            name,
            json.nonNegative("time_constant"),
            json.nonNegative("comm_coefficient"),
            computation),
        fraction(json, "dec_pct", false),
        json.has("max_density")
            ? OptionalDouble.of(fraction(json, "max_density", true))
            : OptionalDouble.empty());
  }

  private static double fraction(JsonObject json, String field, boolean oneAllowed) {
    double value = json.nonNegative(field);
    if (value > 1 || (value == 1 && !oneAllowed)) {
      throw new DataFormatException(
          String.format(
              "%s: %s must be at least 0 and %s 1, not %s.",
              json.where(), field, oneAllowed ? "at most" : "below", value));
    }
    return value;
  }

  private static ParameterLayout layout(List<JsonObject> layers) {
    ParameterLayout.Builder layout = ParameterLayout.builder();
    for (JsonObject layer : layers) {
      String name = layer.text("name");
      List<Integer> shape = Arrays.stream(layer.integers("weight_shape", 1)).boxed().toList();
      try {
        if (layer.flag("prunable")) {
          layout.weight(name, shape);
        } else {
          layout.unprunableWeight(name, shape);
        }
        if (layer.has("sqgrad_bias_f32")) {
          layout.bias(name, shape.isEmpty() ? 1 : shape.getFirst());
        }
      } catch (ArithmeticException e) {
        throw new DataFormatException(
            layer.where() + ": a model may have at most 2147483647 parameters.", e);
      }
    }
    return layout.build();
  }

  private static void floats(
      JsonObject layer, String field, ParameterTensor tensor, float[] target) {
    byte[] bytes = bytes(layer, field, tensor.size() * (long) Float.BYTES);
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(target, tensor.offset(), tensor.size());
  }

  private static BitSet bits(JsonObject layer, String field, int size) {
    byte[] bytes = bytes(layer, field, size);
    BitSet bits = new BitSet(size);
    for (int i = 0; i < size; i++) {
      if (bytes[i] != 0 && bytes[i] != 1) {
        throw new DataFormatException(
            String.format(
                "%s: byte %d of %s is %d, but must be 0 or 1.",
                layer.where(), i, field, bytes[i] & 0xff));
      }
      bits.set(i, bytes[i] == 1);
    }
    return bits;
  }

  private static byte[] bytes(JsonObject layer, String field, long length) {
    String text = layer.text(field);
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw new DataFormatException(layer.where() + ": " + field + " is not base64.", e);
    }
    if (bytes.length != length) {
      throw new DataFormatException(
          String.format(
              "%s: %s has %d bytes, but the layer's shape needs %d.",
              layer.where(), field, bytes.length, length));
    }
    return bytes;
  }

  /**
   * Decides the case.
   *
   * @throws IllegalArgumentException as {@link MaskDecision#decide} does, for importance that is not finite or below 0, for NaN
   *     weights, and for costs of 0 in all
   */
  public MaskDecision.Result decide() {
    return MaskDecision.decide(mask, parameters, importance, cost, decrease, maxDensity);
  }

  /**
   * A decision of this case as JSON, in the form of the cases' own results: {@code masks_u8} (base64 of one byte 0 or 1 a weight,
   * row-major), {@code kept_before}, {@code kept_after}, {@code removed} and {@code regrown}, objects with one field a prunable
   * layer, in order; {@code objective_before} and {@code objective_after} in importance per second; {@code stop_reason}, one of
   * threshold, max_density and exhausted.
   */
  public String toJson(MaskDecision.Result result) {
    JsonMapper mapper = new JsonMapper();
    ObjectNode json = mapper.createObjectNode();
    json.put("name", name);
    ObjectNode masks = json.putObject("masks_u8");
    for (int l = 0; l < mask.layout().prunable().size(); l++) {
      masks.put(mask.layout().prunable().get(l).layer(), bytes(result.mask(), l));
    }
    putAll(json.putObject("kept_before"), mask.keptPerLayer());
    putAll(json.putObject("kept_after"), result.mask().keptPerLayer());
    putAll(json.putObject("removed"), result.removed());
    putAll(json.putObject("regrown"), result.regrown());
    json.put("objective_before", result.objectiveBefore());
    json.put("objective_after", result.objectiveAfter());
    json.put("stop_reason", result.stopReason().name().toLowerCase(Locale.ROOT));
    try {
      return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] bytes(Mask mask, int layer) {
    byte[] bytes = new byte[mask.layout().prunable().get(layer).size()];
    BitSet bits = mask.bits(layer);
    for (int i = bits.nextSetBit(0); i >= 0; i = bits.nextSetBit(i + 1)) {
      bytes[i] = 1;
    }
    return bytes;
  }

  private void putAll(ObjectNode byLayer, int[] values) {
    for (int l = 0; l < values.length; l++) {
      byLayer.put(mask.layout().prunable().get(l).layer(), values[l]);
    }
  }
}
