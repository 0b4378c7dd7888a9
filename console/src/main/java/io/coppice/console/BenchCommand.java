package io.coppice.console;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.console.bench.BenchSettings;
import io.coppice.console.bench.TrainBenchmark;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice bench}: how fast this machine is. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    header = "Measure how fast this machine computes.",
    subcommands = {BenchCommand.Train.class, BenchAggregateCommand.class},
    synopsisSubcommandLabel = "COMMAND")
final class BenchCommand {

  /** {@code coppice bench train}. */
  @Command(
      name = "train",
      mixinStandardHelpOptions = true,
      showDefaultValues = true,
      sortOptions = false,
      header = "Time training steps, dense and pruned, against ND4J and PyTorch.",
      description = {
        "",
        "Trains every network a little, prunes it at random to each density in every layer, and times steps of SGD on one thread."
            + " All cases of a network take turns in one run, so that their ratios hold even on a machine that is not quiet. The"
            + " figures are medians of thread CPU time.",
        ""
      },
      footer = {
        "",
        "Examples:",
        "  coppice bench train --networks conv2",
        "  coppice bench train --peer venv/bin/python --report train.json    beside PyTorch",
        "  coppice bench train --inference --batch 1",
        "  coppice bench train --networks conv2 --densities 0.1 --importance --agents 4"
      })
  static final class Train implements Callable<Integer> {

    @Option(
        names = "--networks",
        paramLabel = "NAME",
        split = ",",
        defaultValue = "conv2,lenet5,mlp",
        description = "Networks; all for conv2, conv4, dscnn, lenet5, mlp, resnet18 and vgg11.")
    private List<String> networks;

    @Option(
        names = "--densities",
        paramLabel = "X",
        split = ",",
        defaultValue = "1,0.5,0.3,0.2,0.1,0.05,0.01",
        description = "Active weights / weights, in every layer; above 0 and at most 1.")
    private List<Double> densities;

    @Option(
        names = "--batch",
        paramLabel = "N",
        defaultValue = "20",
        description = "Images of a step.")
    private int batch;

    @Option(
        names = "--repeats",
        paramLabel = "N",
        defaultValue = "21",
        description = "Repetitions that a figure is the median of.")
    private int repeats;

    @Option(
        names = "--importance",
        description =
            "Time every case with each weight's importance collected, too, and say what that adds to a round of 5 steps.")
    private boolean importance;

    @Option(
        names = "--agents",
        paramLabel = "N",
        defaultValue = "1",
        description =
            "Time every case with so many agents at once, too, each in a thread of its own; beside one alone.")
    private int agents;

    @Option(names = "--inference", description = "Time forward passes instead of steps.")
    private boolean inference;

    @Option(
        names = "--peer",
        paramLabel = "PYTHON",
        showDefaultValue = Visibility.NEVER,
        description =
            "A Python with PyTorch, such as venv/bin/python: its dense network takes turns with ours. Default: none.")
    private String peer;

    @Option(
        names = "--report",
        paramLabel = "FILE.json",
        description = "Write the figures as one JSON document.")
    private Path report;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      BenchSettings settings =
          new BenchSettings(
              networks,
              densities,
              batch,
              repeats,
              importance,
              agents,
              inference,
              Optional.ofNullable(peer));
      if (report != null) {
        ReportFile.checkWritable(report);
      }
      ObjectNode figures =
          new TrainBenchmark(settings, spec.commandLine().getOut(), spec.commandLine().getErr())
              .run();
      if (report != null) {
        ReportFile.write(report, figures);
      }
      return 0;
    }
  }
}
