package io.coppice.console;

import io.coppice.console.federation.RunDefaults;
import io.coppice.console.federation.RunSettings;
import java.nio.file.Path;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** The options that define a run but for its policy and number of rounds: those of a command that trains here. */
final class RunOptions {

  @ArgGroup(exclusive = false, heading = "%nFederation:%n", order = 10)
  private final Federation federation = new Federation();

  @ArgGroup(exclusive = false, heading = "%nTraining:%n", order = 20)
  private final Training training = new Training();

  @ArgGroup(exclusive = false, heading = "%nPruning:%n", order = 30)
  private final Pruning pruning = new Pruning();

  static final class Federation {
    @Option(
        names = "--agents",
        paramLabel = "N",
        defaultValue = "" + RunDefaults.AGENTS,
        description = "Number of agents.")
    int agents;

    @Option(
        names = "--participants",
        paramLabel = "N",
        showDefaultValue = Visibility.NEVER,
        description =
            "Agents that are asked in a round, drawn anew for each: a number, or a fraction such as 0.1. Default: all.")
    String participants;

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
        defaultValue = "" + RunDefaults.DEADLINE_SECONDS,
        description = "A round closes without the missing agents after this time.")
    int deadlineSeconds;

    @Option(
        names = "--seed",
        paramLabel = "N",
        defaultValue = "0",
        description = "Seed of weights, partition and batches.")
    long seed;

    @Option(
        names = "--signatures",
        paramLabel = "RULE",
        defaultValue = RunDefaults.SIGNATURES,
        description =
            "Whether every agent signs its updates (required), or some may join without a key (optional). The agents here always"
                + " sign, with keys in the directory of the log.")
    String signatures;

    @Option(
        names = "--trusted-keys",
        paramLabel = "FILE",
        showDefaultValue = Visibility.NEVER,
        description =
            "Take only the agents of this list, each with its key: lines of agent id and public key, as 'coppice keys show' prints"
                + " them. Default: an id is for whoever joins under it first.")
    Path trustedKeys;

    @Option(
        names = "--trust",
        description = "Take only the agents here: the same with a list of their keys.")
    boolean trust;
  }

  static final class Training {
    @Option(
        names = "--model",
        paramLabel = "NAME",
        defaultValue = RunDefaults.MODEL,
        description = "Network: conv2, conv4, dscnn, lenet5, mlp, resnet18 or vgg11.")
    String model;

    @Option(
        names = "--loss",
        paramLabel = "NAME",
        defaultValue = RunDefaults.LOSS,
        description = "Loss: softmax or bce.")
    String loss;

    @Option(
        names = "--local-steps",
        paramLabel = "N",
        defaultValue = "" + RunDefaults.LOCAL_STEPS,
        description = "SGD steps of an agent in a round.")
    int localSteps;

    @Option(
        names = "--batch",
        paramLabel = "N",
        defaultValue = "" + RunDefaults.BATCH,
        description = "Samples of a step.")
    int batch;

    @Option(
        names = "--learning-rate",
        paramLabel = "X",
        defaultValue = "" + RunDefaults.LEARNING_RATE,
        description = "Step size.")
    double learningRate;

    @Option(
        names = "--learning-rate-decay",
        paramLabel = "X",
        defaultValue = "1",
        description = "Factor on the step size from one round to the next, above 0 and at most 1.")
    double learningRateDecay;

    @Option(
        names = "--evaluate-every",
        paramLabel = "N",
        defaultValue = "" + RunDefaults.EVALUATE_EVERY,
        description = "Rounds between two evaluations.")
    int evaluateEvery;

    @Option(
        names = "--encoding",
        paramLabel = "NAME",
        defaultValue = RunDefaults.ENCODING,
        description = "How updates and aggregates travel: float32 or bfloat16.")
    String encoding;

    @Option(
        names = "--importance-encoding",
        paramLabel = "NAME",
        showDefaultValue = Visibility.NEVER,
        description =
            "How the importance that mask decisions need travels from agents: float32, bfloat16, ufloat8, or sparse-ufloat8:SHARE, which"
                + " sends of the pruned weights only that share, those of largest importance. Default: as updates do.")
    String importanceEncoding;

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
        names = "--initial-pruning",
        negatable = true,
        defaultValue = "true",
        fallbackValue = "true",
        description =
            "Let one agent prune the model on its own data before round 0; a stage of prunefl.")
    boolean initialPruning;

    @Option(
        names = "--initial-pruning-rounds",
        paramLabel = "N",
        defaultValue = "" + RunDefaults.INITIAL_PRUNING_ROUNDS,
        description =
            "Local rounds after which initial pruning ends at the latest; it ends earlier once the density has settled.")
    int initialPruningRounds;

    @Option(
        names = "--reconfigure-every",
        paramLabel = "N",
        defaultValue = "" + RunDefaults.RECONFIGURE_EVERY,
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
        names = "--target-density",
        paramLabel = "X",
        showDefaultValue = Visibility.NEVER,
        description =
            "With prunefl: what that bound moves to in a straight line until the last round, at most --max-density. Default: it stays.")
    Double targetDensity;

    @Option(
        names = "--density",
        paramLabel = "X",
        showDefaultValue = Visibility.NEVER,
        description =
            "Density that iterative and snip end at, and fedtiny and fedrts keep to, above 0 and at most 1.")
    Double density;

    @Option(
        names = "--regrow",
        paramLabel = "HOW",
        defaultValue = RunDefaults.REGROW,
        description = "Where a regrown weight starts: last-value or zero.")
    String regrow;

    @Option(
        names = "--importance",
        paramLabel = "ROUNDS",
        defaultValue = RunDefaults.IMPORTANCE,
        description =
            "Rounds whose gradients a mask decision looks at: every-round since the decision before it, as PruneFL does, or"
                + " last-round, which spares the other rounds the gradients of pruned weights.")
    String importance;

    @Option(
        names = "--cost",
        paramLabel = "NAME",
        defaultValue = RunDefaults.COST,
        description =
            "Cost model of a round: paper (the PruneFL authors' figures, fitted to any network), paper:femnist, paper:celeba,"
                + " paper:cifar10, paper:imagenet100, file:PATH, or measured: by the agents on their own devices, taking the slowest agent, or"
                + " another quantile of the fleet with measured:QUANTILE.")
    String cost;
  }

  /**
   * The settings of a run.
   *
   * @param policy its policy; initial pruning is done with prunefl only
   */
  RunSettings settings(String policy, int rounds) {
    boolean prunefl = policy.equals(RunSettings.PRUNEFL);
    return new RunSettings(
        federation.agents,
        federation.participants,
        rounds,
        training.model,
        (federation.data != null ? federation.data : CoppiceHome.resolve("data", "mnist"))
            .toString(),
        federation.testEvery,
        federation.partition,
        policy,
        pruning.initialPruning && prunefl,
        pruning.initialPruningRounds,
        pruning.reconfigureEvery,
        training.evaluateEvery,
        training.localSteps,
        training.batch,
        training.learningRate,
        training.learningRateDecay,
        training.loss,
        federation.seed,
        pruning.cost,
        training.encoding,
        training.importanceEncoding,
        pruning.regrow,
        pruning.importance,
        training.kernels,
        pruning.maxDensity,
        pruning.targetDensity,
        pruning.density,
        federation.deadlineSeconds,
        federation.signatures,
        federation.trustedKeys == null ? null : federation.trustedKeys.toString(),
        federation.trust);
  }
}
