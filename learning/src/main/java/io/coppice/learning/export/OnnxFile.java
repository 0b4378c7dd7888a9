package io.coppice.learning.export;

import io.coppice.learning.data.PixelScaling;
import io.coppice.learning.model.ParameterLayout;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import onnx.Onnx.ModelProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.StringStringEntryProto;

/**
 * Models as ONNX files, for ONNX Runtime and whatever else reads them: dense, with zeros for the pruned weights, in the format
 * and with the operators of ONNX 1.10. Where a model comes from, and how pixels are scaled for it, are the file's metadata
 * properties (docs/model-files.md).
 */
public final class OnnxFile {

  /** ONNX 1.10: the newest that the classes which come with ND4J know. */
  private static final int FORMAT_VERSION = 8;

  /** ONNX 1.10. Batch normalisation has been as it is now since then, all others for longer. */
  private static final int OPERATOR_SET = 15;

  /** Protocol Buffers hold less than 2 GiB; this much is left for the graph. */
  private static final long MOST_PARAMETER_BYTES = (1L << 31) - (1L << 20);

  private OnnxFile() {}

  /**
   * Writes a model.
   *
   * @param coppiceVersion what writes it
   * @throws IllegalArgumentException if the model is too large for the format
   * @throws IOException if the file cannot be written
   */
  public static void write(TrainedModel model, String coppiceVersion, Path file)
      throws IOException {
    checkSize(model.layout());
    ModelProto.Builder onnx =
        ModelProto.newBuilder()
            .setIrVersion(FORMAT_VERSION)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPERATOR_SET))
            .setProducerName("coppice")
            .setProducerVersion(coppiceVersion)
            .setGraph(
                OnnxGraph.of(
                    model.architecture().network(),
                    model.architecture().stack(),
                    model.mask(),
                    model.parameters()));
    metadata(model, coppiceVersion)
        .forEach(
            (key, value) ->
                onnx.addMetadataProps(
                    StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      onnx.build().writeTo(out);
    }
  }

  /**
   * Checks that a model's parameters fit into a file.
   *
   * @throws IllegalArgumentException if they do not
   */
  static void checkSize(ParameterLayout layout) {
    if ((long) Float.BYTES * layout.size() > MOST_PARAMETER_BYTES) {
      throw new IllegalArgumentException(
          String.format(
              "An ONNX file holds less than 2 GiB, which %,d parameters exceed; the sparse format"
                  + " has no such bound.",
              layout.size()));
    }
  }

  private static Map<String, String> metadata(TrainedModel model, String coppiceVersion) {
    PixelScaling scaling = model.pixelScaling();
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("coppice.version", coppiceVersion);
    metadata.put("coppice.run", model.run());
    metadata.put("coppice.round", String.valueOf(model.round()));
    metadata.put("coppice.maskVersion", String.valueOf(model.maskVersion()));
    metadata.put("coppice.density", String.valueOf(model.mask().density()));
    metadata.put("coppice.network", model.architecture().network());
    metadata.put("coppice.loss", model.loss().name());
    metadata.put("coppice.pixels", "(pixel - mean) / deviation by channel, of a pixel in [0, 1]");
    metadata.put("coppice.pixelMeans", list(scaling.means()));
    metadata.put("coppice.pixelDeviations", list(scaling.deviations()));
    return metadata;
  }

  private static String list(List<Float> values) {
    return values.stream().map(String::valueOf).collect(Collectors.joining(","));
  }
}
