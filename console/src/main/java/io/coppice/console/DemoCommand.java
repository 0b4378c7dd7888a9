package io.coppice.console;

import io.coppice.console.demo.Demo;
import io.coppice.console.federation.RunDefaults;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice demo}: a whole federation in one process. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    header =
        "Train and prune a network with several agents over a real Kafka broker, all in this process.",
    description = {
      "",
      "Starts a Kafka broker, a schema registry, the aggregator, the pruning service and the agents, trains on the MNIST subset that"
          + " comes with Coppice, and shows how it goes. The whole history stays in --dir: interrupted or killed, the same command"
          + " with the same --dir goes on where it was.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  coppice demo",
      "  coppice demo --pruning none                       conventional federated learning, to compare",
      "  coppice demo --model conv2 --loss bce --learning-rate 0.05 --no-initial-pruning",
      "  coppice demo --agents 20 --partition iid --rounds 100 --report report.json"
    })
final class DemoCommand implements Callable<Integer> {

  @Option(
      names = "--pruning",
      paramLabel = "POLICY",
      defaultValue = RunDefaults.POLICY,
      description = "How the mask changes; 'coppice policies' lists what there is.")
  private String policy;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "" + RunDefaults.ROUNDS,
      description = "Number of rounds.")
  private int rounds;

  @Mixin private RunOptions options;

  @ArgGroup(exclusive = false, heading = "%nOutput:%n", order = 40)
  private final Output output = new Output();

  @Spec private CommandSpec spec;

  static final class Output {
    @Option(
        names = "--dir",
        paramLabel = "DIR",
        showDefaultValue = Visibility.NEVER,
        description =
            "Where the log is kept, and found again. Default: a new directory in coppice-data.")
    Path dir;

    @Option(
        names = "--port",
        paramLabel = "N",
        defaultValue = "0",
        description = "The broker's port on 127.0.0.1; 0 takes a free one.")
    int port;

    @Option(
        names = "--report",
        paramLabel = "FILE.json",
        description =
            "Write settings, every round's figures and the final ones as one JSON document.")
    Path report;
  }

  @Override
  public Integer call() throws Exception {
    Path dir =
        output.dir != null
            ? output.dir
            : Path.of(
                "coppice-data",
                LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss")));
    new Demo(
            options.settings(policy, rounds),
            dir,
            output.port,
            Optional.ofNullable(output.report),
            spec.commandLine().getOut(),
            LogFile::open)
        .run();
    return 0;
  }
}
