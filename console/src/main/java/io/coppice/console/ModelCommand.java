package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import io.coppice.console.progress.Figures;
import io.coppice.learning.export.TrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice model}: models without their log. */
@Command(
    name = "model",
    mixinStandardHelpOptions = true,
    header = "Take a model out of the log.",
    subcommands = ModelCommand.Export.class,
    synopsisSubcommandLabel = "COMMAND")
final class ModelCommand {

  /** {@code coppice model export}. */
  @Command(
      name = "export",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      header = "Write the pruned model of a run to a file.",
      description = {
        "",
        "Folds the model of a run out of the log and writes it as ONNX (.onnx), dense with zeros for the pruned weights, for ONNX"
            + " Runtime and others; or as a sparse file (.cps) of bitmaps and active weights, which 'coppice predict --model' and"
            + " a few lines of Python read. docs/model-files.md describes both.",
        ""
      },
      footer = {
        "",
        "Examples:",
        "  coppice model export --dir coppice-data/... --out digits.onnx",
        "  coppice model export demo-... --round 50 --dir coppice-data/... --out digits.cps"
      })
  static final class Export implements Callable<Integer> {

    @Parameters(
        index = "0",
        arity = "0..1",
        paramLabel = "RUN",
        description = "The run; the newest if it is not given.")
    private String runId;

    @ArgGroup(exclusive = true)
    private LogOption.Either log = new LogOption.Either();

    @Option(
        names = "--round",
        paramLabel = "N",
        description =
            "Take the model after this round, under the mask that is in force then. Default: the newest model.")
    private Integer round;

    @Option(
        names = "--format",
        paramLabel = "FORMAT",
        description = "onnx or sparse. Default: what FILE's ending says, .onnx or .cps.")
    private ModelFormat format;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The file.")
    private Path out;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
      WholeFile.checkWritable("--out", out);
      ModelFormat chosen = format != null ? format : formatOfName();
      TrainedModel model;
      try (OpenLog open = log.open()) {
        model = LoggedModel.find(open, Optional.ofNullable(runId), Optional.ofNullable(round));
      }
      write(model, chosen);
      spec.commandLine().getOut().println(ModelSentence.of(model));
      spec.commandLine().getOut().println(sizes(model));
      return 0;
    }

    private ModelFormat formatOfName() {
      return ModelFormat.of(out)
          .orElseThrow(
              () ->
                  UserError.badInput(
                      "--out "
                          + out
                          + " ends neither in .onnx nor in .cps: --format onnx or --format sparse"
                          + " says what it is to be."));
    }

    private void write(TrainedModel model, ModelFormat chosen) {
      try {
        WholeFile.write(out, part -> chosen.write(model, part));
      } catch (IllegalArgumentException e) {
        throw UserError.badInput(e.getMessage(), e);
      } catch (IOException e) {
        throw UserError.failed("The model cannot be written to " + out + ": " + e.getMessage(), e);
      }
    }

    private String sizes(TrainedModel model) throws IOException {
      long bytes = Files.size(out);
      return String.format(
          "%s: %s, the dense parameters as float32 %s: ratio %s.",
          out,
          Figures.bytes((double) bytes),
          Figures.bytes((double) model.denseBytes()),
          Figures.decimals((double) bytes / model.denseBytes(), 3));
    }
  }
}
