package io.coppice.console.predict;

import io.coppice.console.ReportFile;
import io.coppice.console.UserError;
import io.coppice.console.progress.Figures;
import io.coppice.console.progress.ProgressLine;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.engine.Network.LayerChoice;
import io.coppice.learning.export.TrainedModel;
import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.training.Predictor;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Predicts the classes of images by a model, dense and pruned side by side. */
public final class Prediction {

  /** Bound on the activations of a batch. */
  private static final long MOST_ACTIVATION_BYTES = 1L << 30;

  private final TrainedModel model;
  private final Dataset data;
  private final PrintWriter err;

  /**
   * @param data at least one image
   * @param err takes the progress, on a terminal
   * @throws UserError if the images do not fit the model's network
   */
  public Prediction(TrainedModel model, Dataset data, PrintWriter err) {
    this.model = model;
    this.data = data;
    this.err = err;
    try {
      Predictor.checkFits(data, model.architecture());
    } catch (IllegalArgumentException e) {
      throw UserError.badInput("--data: " + e.getMessage(), e);
    }
  }

  /**
   * Predicts, prints the table, and writes the files.
   *
   * @param batches the sizes of batches
   * @param predictions takes what the pruned model tells in batches of the first size
   * @param out takes the table
   * @throws UserError if there is no batch, one is too large for the images or the memory, or a file cannot be written
   */
  public void run(
      List<Integer> batches,
      Optional<Path> report,
      Optional<PredictionsFile> predictions,
      PrintWriter out) {
    batches.forEach(this::checkBatch);
    List<Comparison> comparisons = new ArrayList<>();
    List<LayerChoice> choices = List.of();
    for (int batch : batches) {
      try (Predictor dense = predictor(batch, KernelPolicy.dense());
          Predictor pruned = predictor(batch, KernelPolicy.usual())) {
        choices = pruned.choices();
        comparisons.add(compare(dense, pruned));
      }
    }
    Subject subject = new Subject(model, data, choices, Kernels.best().description());
    new PredictionTable(out, subject).print(comparisons);
    report.ifPresent(file -> ReportFile.write(file, PredictionReport.of(subject, comparisons)));
    predictions.ifPresent(file -> file.write(comparisons.getFirst().pruned().answers()));
  }

  private void checkBatch(int batch) {
    if (batch > data.size()) {
      throw UserError.badInput(
          String.format(
              "--batch is at most the number of images, %d, not %d.", data.size(), batch));
    }
    long bytes =
        Math.multiplyExact(Float.BYTES * model.architecture().stack().activations(), (long) batch);
    if (batch > 1 && bytes > MOST_ACTIVATION_BYTES) {
      throw UserError.badInput(
          String.format(
              "--batch %d: the activations of such a batch take %s, and %s are allowed.",
              batch, Figures.bytes(bytes), Figures.bytes(MOST_ACTIVATION_BYTES)));
    }
  }

  private Predictor predictor(int batch, KernelPolicy policy) {
    return new Predictor(
        model.architecture(), model.loss(), model.parameters(), model.mask(), batch, policy);
  }

  private Comparison compare(Predictor dense, Predictor pruned) {
    try (ProgressLine line = new ProgressLine(err, "batches of " + dense.batch())) {
      return new SideBySide(data, dense, pruned, SideBySide.Effort.USUAL, line::show).run();
    }
  }
}
