package io.coppice.console;

import io.coppice.console.demo.Demo;
import io.coppice.console.demo.DemoSettings;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
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

  @ArgGroup(exclusive = false, validate = false, heading = "Federation:%n")
  private final Federation federation = new Federation();

  @ArgGroup(exclusive = false, validate = false, heading = "%nTraining:%n")
  private final Training training = new Training();

  @ArgGroup(exclusive = false, validate = false, heading = "%nPruning:%n")
  private final Pruning pruning = new Pruning();

  @ArgGroup(exclusive = false, validate = false, heading = "%nOutput:%n")
  private final Output output = new Output();

  @Spec private CommandSpec spec;

  static final class Federation {
    @Option(
        names = "--agents",
        paramLabel = "N",
        defaultValue = "10",
        description = "Number of agents.")
    int agents;

    @Option(
        names = "--rounds",
        paramLabel = "N",
        defaultValue = "150",
        description = "Number of rounds.")
    int rounds;

    @Option(
        names = "--data",
        paramLabel = "DIR",
        showDefaultValue = Visibility.NEVER,
        description =
            "Training and test data: IDX files as MNIST has them, CIFAR-10 binary files, or LEAF JSON; plain or .gz. Default: the"
                + " MNIST subset that comes with Coppice.")
    Path data;

    @Option(
        names = "--test-every",
        paramLabel = "N",
        defaultValue = "1",
        description = "Evaluate on every N-th test image only.")
    int testEvery;

    @Option(
        names = "--partition",
        paramLabel = "HOW",
        defaultValue = "dirichlet:0.5",
        description =
            "How the agents share the training data: iid, dirichlet:ALPHA, writer, or file:PATH (JSON lists of indices).")
    String partition;

    @Option(
        names = "--deadline",
        paramLabel = "SECONDS",
        defaultValue = "60",
        description = "A round closes without the missing agents after this time.")
    int deadlineSeconds;

    @Option(
        names = "--seed",
        paramLabel = "N",
        defaultValue = "0",
        description = "Seed of weights, partition and batches.")
    long seed;
  }

  static final class Training {
    @Option(
        names = "--model",
        paramLabel = "NAME",
        defaultValue = "lenet5",
        description = "Network: conv2, conv4, dscnn, lenet5, mlp, resnet18 or vgg11.")
    String model;

    @Option(
        names = "--loss",
        paramLabel = "NAME",
        defaultValue = "softmax",
        description = "Loss: softmax or bce.")
    String loss;

    @Option(
        names = "--local-steps",
        paramLabel = "N",
        defaultValue = "5",
        description = "SGD steps of an agent in a round.")
    int localSteps;

    @Option(
        names = "--batch",
        paramLabel = "N",
        defaultValue = "20",
        description = "Samples of a step.")
    int batch;

    @Option(
        names = "--learning-rate",
        paramLabel = "X",
        defaultValue = "0.1",
        description = "Step size.")
    double learningRate;

    @Option(
        names = "--evaluate-every",
        paramLabel = "N",
        defaultValue = "5",
        description = "Rounds between two evaluations.")
    int evaluateEvery;

    @Option(
        names = "--encoding",
        paramLabel = "NAME",
        defaultValue = "float32",
        description = "How updates and aggregates travel: float32 or bfloat16.")
    String encoding;

    @Option(
        names = "--kernels",
        paramLabel = "CHOICE",
        defaultValue = "measured",
        description =
            "Which layers agents compute by their active weights alone: those below the density from which that is slower here"
                + " (measured), below the same density everywhere (usual), none (dense) or all (sparse).")
    String kernels;
  }

  static final class Pruning {
    @Option(
        names = "--pruning",
        paramLabel = "POLICY",
        defaultValue = "prunefl",
        description = "prunefl (adaptive pruning) or none (conventional federated learning).")
    String policy;

    @Option(
        names = "--initial-pruning",
        negatable = true,
        defaultValue = "true",
        fallbackValue = "true",
        description =
            "Let one agent prune the model on its own data before round 0; never with --pruning none.")
    boolean initialPruning;

    @Option(
        names = "--initial-pruning-rounds",
        paramLabel = "N",
        defaultValue = "200",
        description =
            "Local rounds after which initial pruning ends at the latest; it ends earlier once the density has settled.")
    int initialPruningRounds;

    @Option(
        names = "--reconfigure-every",
        paramLabel = "N",
        defaultValue = "25",
        description =
            "Rounds between two mask decisions, local ones in initial pruning; they fall into evaluated rounds.")
    int reconfigureEvery;

    @Option(
        names = "--max-density",
        paramLabel = "X",
        showDefaultValue = Visibility.NEVER,
        description =
            "Bound on the density that growth may reach, above 0 and at most 1. Default: none.")
    Double maxDensity;

    @Option(
        names = "--regrow",
        paramLabel = "HOW",
        defaultValue = "last-value",
        description = "Where a regrown weight starts: last-value or zero.")
    String regrow;

    @Option(
        names = "--importance",
        paramLabel = "ROUNDS",
        defaultValue = "every-round",
        description =
            "Rounds whose gradients a mask decision looks at: every-round since the decision before it, as PruneFL does, or"
                + " last-round, which spares the other rounds the gradients of pruned weights.")
    String importance;

    @Option(
        names = "--cost",
        paramLabel = "NAME",
        defaultValue = "paper",
        description =
            "Cost model of a round: paper (the PruneFL authors' figures, fitted to any network), paper:femnist, paper:celeba,"
                + " paper:cifar10, paper:imagenet100, file:PATH, or measured: by the agents on their own devices, taking the slowest agent, or"
                + " another quantile of the fleet with measured:QUANTILE.")
    String cost;
  }

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
            settings(),
            dir,
            output.port,
            Optional.ofNullable(output.report),
            spec.commandLine().getOut(),
            LogFile::open)
        .run();
    return 0;
  }

  private DemoSettings settings() {
    boolean conventional = pruning.policy.equals("none");
    return new DemoSettings(
        federation.agents,
        federation.rounds,
        training.model,
        (federation.data != null ? federation.data : CoppiceHome.resolve("data", "mnist"))
            .toString(),
        federation.testEvery,
        federation.partition,
        pruning.policy,
        pruning.initialPruning && !conventional,
        pruning.initialPruningRounds,
        pruning.reconfigureEvery,
        training.evaluateEvery,
        training.localSteps,
        training.batch,
        training.learningRate,
        training.loss,
        federation.seed,
        pruning.cost,
        training.encoding,
        pruning.regrow,
        pruning.importance,
        training.kernels,
        pruning.maxDensity,
        federation.deadlineSeconds);
  }
}
