package io.coppice.learning.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.learning.data.DataFormatException;
import io.coppice.learning.data.JsonObject;
import io.coppice.learning.data.PixelScaling;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The header of a sparse model file: what the model is but for mask and values. Names and shapes of the tensors follow from the
 * network; they are there for readers that do not know it, and so are density and scaling.
 *
 * @param tensors all tensors, in layout order
 */
record SparseHeader(
    String run,
    int round,
    int lastRound,
    int maskVersion,
    Architecture architecture,
    Loss loss,
    ParameterLayout layout,
    List<Entry> tensors) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A tensor in the file.
   *
   * @param masked whether a bitmap says which values are active; otherwise all are
   * @param active number of values
   */
  record Entry(ParameterTensor tensor, boolean masked, int active) {

    /** Bytes of the bitmap. */
    int bitmapBytes() {
      return masked ? Math.ceilDiv(tensor.size(), Byte.SIZE) : 0;
    }
  }

  /** Bytes of all bitmaps and values. */
  long bodyBytes() {
    return tensors.stream()
        .mapToLong(entry -> entry.bitmapBytes() + (long) Float.BYTES * entry.active())
        .sum();
  }

  /** The model of which this is the header. */
  TrainedModel model(Mask mask, float[] parameters) {
    return new TrainedModel(
        run, round, lastRound, maskVersion, architecture, loss, mask, parameters);
  }

  /** A model's header as JSON. */
  static byte[] bytes(TrainedModel model, String coppiceVersion) {
    Architecture architecture = model.architecture();
    ObjectNode header = JsonNodeFactory.instance.objectNode();
    header
        .put("coppice", coppiceVersion)
        .put("run", model.run())
        .put("round", model.round())
        .put("lastRound", model.lastRound())
        .put("maskVersion", model.maskVersion())
        .put("density", model.mask().density())
        .put("network", architecture.network())
        .put("classes", architecture.classes())
        .put("loss", model.loss().name());
    header
        .putArray("input")
        .add(architecture.channels())
        .add(architecture.height())
        .add(architecture.width());
    PixelScaling scaling = model.pixelScaling();
    ObjectNode pixels = header.putObject("pixels");
    scaling.means().forEach(pixels.putArray("means")::add);
    scaling.deviations().forEach(pixels.putArray("deviations")::add);
    ArrayNode tensors = header.putArray("tensors");
    int layer = 0;
    for (ParameterTensor tensor : model.layout().tensors()) {
      int active = tensor.prunable() ? model.mask().kept(layer++) : tensor.size();
      ObjectNode entry = tensors.addObject().put("name", tensor.name());
      tensor.shape().forEach(entry.putArray("shape")::add);
      entry.put("masked", active < tensor.size()).put("active", active);
    }
    try {
      return JSON.writeValueAsBytes(header);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads a header.
   *
   * @param where the file, for the messages
   * @throws DataFormatException if it is not JSON, lacks a field, or its tensors are not those of its network
   */
  static SparseHeader read(byte[] json, String where) {
    JsonObject header = JsonObject.read(new ByteArrayInputStream(json), where);
    Architecture architecture = architecture(header);
    ParameterLayout layout = architecture.layout();
    return new SparseHeader(
        header.text("run"),
        header.integer("round", Integer.MIN_VALUE),
        header.integer("lastRound", 0),
        header.integer("maskVersion", 0),
        architecture,
        loss(header),
        layout,
        entries(header, layout));
  }

  private static Architecture architecture(JsonObject header) {
    int[] input = header.integers("input", 1);
    if (input.length != 3) {
      throw new DataFormatException(
          header.where() + ": input must be channels, height and width, three numbers.");
    }
    try {
      return Architecture.of(
          header.text("network"), input[0], input[1], input[2], header.integer("classes", 2));
    } catch (DataFormatException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new DataFormatException(header.where() + ": " + e.getMessage(), e);
    }
  }

  private static Loss loss(JsonObject header) {
    String name = header.text("loss");
    return Arrays.stream(Loss.values())
        .filter(loss -> loss.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new DataFormatException(
                    String.format(
                        "%s: loss must be one of %s, not %s.",
                        header.where(), Arrays.toString(Loss.values()), name)));
  }

  private static List<Entry> entries(JsonObject header, ParameterLayout layout) {
    List<JsonObject> found = header.objects("tensors");
    if (found.size() != layout.tensors().size()) {
      throw new DataFormatException(
          String.format(
              "%s: there must be the %d tensors of the network, not %d.",
              header.where(), layout.tensors().size(), found.size()));
    }
    List<Entry> entries = new ArrayList<>();
    for (int t = 0; t < found.size(); t++) {
      entries.add(entry(found.get(t), layout.tensors().get(t)));
    }
    return List.copyOf(entries);
  }

  private static Entry entry(JsonObject found, ParameterTensor tensor) {
    int[] shape = found.integers("shape", 1);
    if (!found.text("name").equals(tensor.name())
        || !Arrays.stream(shape).boxed().toList().equals(tensor.shape())) {
      throw new DataFormatException(
          String.format(
              "%s must be the network's %s of shape %s, not %s of shape %s.",
              found.where(),
              tensor.name(),
              tensor.shape(),
              found.text("name"),
              Arrays.toString(shape)));
    }
    boolean masked = found.flag("masked");
    int active = found.integer("active", 0);
    boolean possible =
        masked ? tensor.prunable() && active <= tensor.size() : active == tensor.size();
    if (!possible) {
      throw new DataFormatException(
          String.format(
              "%s: %s of %d values cannot have %d active ones %s bitmap.",
              found.where(), tensor.name(), tensor.size(), active, masked ? "with a" : "without"));
    }
    return new Entry(tensor, masked, active);
  }
}
