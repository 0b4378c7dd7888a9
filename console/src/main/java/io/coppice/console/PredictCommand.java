package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import io.coppice.console.predict.Prediction;
import io.coppice.console.predict.PredictionsFile;
import io.coppice.learning.data.DataFormatException;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.export.SparseFile;
import io.coppice.learning.export.TrainedModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice predict}: a model at work. */
@Command(
    name = "predict",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    header =
        "Predict the classes of test images by a model of a log or a file, dense and pruned side by side.",
    description = {
      "",
      "Folds the model of a run out of the log, or reads an exported one, and computes it on one thread in two ways that take turns"
          + " batch by batch: dense, with the pruned weights as zeros, and pruned, by the active weights. Prints accuracy, latency"
          + " of a batch (wall-clock percentiles), images per second and size of both, and whether they agree.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  coppice predict --dir coppice-data/...",
      "  coppice predict --dir coppice-data/... --round 50 --batch 1 --predictions predictions.csv",
      "  coppice predict --model digits.cps"
    })
final class PredictCommand implements Callable<Integer> {

  /** A model outside of any log. */
  static final class ModelFile {
    @Option(
        names = "--model",
        paramLabel = "FILE.cps",
        required = true,
        description = "A model that 'coppice model export' has written as a sparse file.")
    private Path file;
  }

  /** Where the model is: in a log, or in a file. */
  static final class Source extends LogOption.Either {
    @ArgGroup(exclusive = false)
    private ModelFile model;
  }

  @ArgGroup(exclusive = true)
  private Source source = new Source();

  @Option(
      names = "--run",
      paramLabel = "RUN",
      showDefaultValue = Visibility.NEVER,
      description = "The run. Default: the newest.")
  private String runId;

  @Option(
      names = "--round",
      paramLabel = "N",
      showDefaultValue = Visibility.NEVER,
      description =
          "Take the model after this round, under the mask that is in force then. Default: the newest model.")
  private Integer round;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      showDefaultValue = Visibility.NEVER,
      description =
          "Test data: IDX files as MNIST has them, CIFAR-10 binary files, or LEAF JSON; plain or .gz. Default: the MNIST subset"
              + " that comes with Coppice.")
  private Path data;

  @Option(
      names = "--images",
      paramLabel = "N",
      showDefaultValue = Visibility.NEVER,
      description = "Take the first N test images only. Default: all.")
  private Integer images;

  @Option(
      names = "--batch",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,20",
      description = "Images of a batch; several sizes are measured one after the other.")
  private List<Integer> batches;

  @Option(
      names = "--report",
      paramLabel = "FILE.json",
      description = "Write the figures as one JSON document.")
  private Path report;

  @Option(
      names = "--predictions",
      paramLabel = "FILE.csv",
      description =
          "Write what the pruned model tells of every image: its index, its label, the predicted class and the probability of that.")
  private Path predictions;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    batches.forEach(batch -> checkPositive("--batch", batch));
    if (images != null) {
      checkPositive("--images", images);
    }
    if (report != null) {
      ReportFile.checkWritable(report);
    }
    Dataset test = readData();
    try (PredictionsFile file = predictions == null ? null : new PredictionsFile(predictions)) {
      new Prediction(readModel(), test, spec.commandLine().getErr())
          .run(
              batches,
              Optional.ofNullable(report),
              Optional.ofNullable(file),
              spec.commandLine().getOut());
    }
    return 0;
  }

  private static void checkPositive(String option, int value) {
    if (value < 1) {
      throw UserError.badInput(option + " is at least 1, not " + value + ".");
    }
  }

  private Dataset readData() {
    Dataset all;
    try {
      all = Datasets.open(data != null ? data : CoppiceHome.resolve("data", "mnist"), Split.TEST);
    } catch (DataFormatException e) {
      throw UserError.badInput("--data: " + e.getMessage(), e);
    }
    if (images == null) {
      return all;
    }
    if (images > all.size()) {
      throw UserError.badInput(
          String.format(
              "--images is at most the number of test images, %d, not %d.", all.size(), images));
    }
    return all.subset(IntStream.range(0, images).toArray());
  }

  /** The log is needed for the model alone: while it is timed, no broker runs beside it. */
  private TrainedModel readModel() throws Exception {
    if (source.model != null) {
      return readFile();
    }
    try (OpenLog open = source.open()) {
      return LoggedModel.find(open, Optional.ofNullable(runId), Optional.ofNullable(round));
    }
  }

  private TrainedModel readFile() {
    if (runId != null || round != null) {
      throw UserError.badInput(
          "--run and --round choose a model of a log; the file of --model holds one model only.");
    }
    try {
      return SparseFile.read(source.model.file);
    } catch (DataFormatException e) {
      throw UserError.badInput("--model: " + e.getMessage(), e);
    }
  }
}
