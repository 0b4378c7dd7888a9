package io.coppice.console;

import io.coppice.learning.export.OnnxFile;
import io.coppice.learning.export.SparseFile;
import io.coppice.learning.export.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a model is written as. */
enum ModelFormat {
  /** {@link OnnxFile}. */
  ONNX(".onnx") {
    @Override
    void write(TrainedModel model, Path file) throws IOException {
      OnnxFile.write(model, CoppiceVersion.read(), file);
    }
  },

  /** {@link SparseFile}. */
  SPARSE(".cps") {
    @Override
    void write(TrainedModel model, Path file) throws IOException {
      SparseFile.write(model, CoppiceVersion.read(), file);
    }
  };

  private final String ending;

  ModelFormat(String ending) {
    this.ending = ending;
  }

  /**
   * Writes a model.
   *
   * @throws IllegalArgumentException if it is too large for the format
   */
  abstract void write(TrainedModel model, Path file) throws IOException;

  /** The format that a file's name tells. */
  static Optional<ModelFormat> of(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return Arrays.stream(values()).filter(format -> name.endsWith(format.ending)).findFirst();
  }
}
