package io.coppice.console.demo;

import io.coppice.agent.AgentData;
import io.coppice.console.UserError;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.PartitionFile;
import io.coppice.learning.data.Partitioner;
import io.coppice.learning.data.Partitioners;
import io.coppice.learning.data.Split;
import io.coppice.learning.engine.KernelChoice;
import io.coppice.learning.engine.Network;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.pruning.CostModel;
import io.coppice.pruning.MaskPolicy;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.InitialPruning;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.Loss;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Settings that were checked, with the data they name: all that is needed before anything is started or written.
 *
 * @param settings the settings
 * @param agents the data of each agent
 * @param train all training data
 * @param test the test data
 * @param definition the run, still without id and time
 */
record RunPlan(
    DemoSettings settings,
    List<AgentData> agents,
    Dataset train,
    Dataset test,
    TrainingRun.Builder definition) {

  private static final Map<String, Loss> LOSSES =
      Map.of("softmax", Loss.SOFTMAX_CROSS_ENTROPY, "bce", Loss.BCE_WITH_LOGITS);
  private static final Map<String, TensorEncoding> ENCODINGS =
      Map.of("float32", TensorEncoding.FLOAT32, "bfloat16", TensorEncoding.BFLOAT16);
  private static final Map<String, Regrow> REGROW =
      Map.of("last-value", Regrow.LAST_VALUE, "zero", Regrow.ZERO);
  private static final Map<String, ImportanceRounds> IMPORTANCE =
      Map.of(
          "every-round", ImportanceRounds.EVERY_ROUND, "last-round", ImportanceRounds.LAST_ROUND);

  /** PruneFL's published settings (reference section 11). */
  private static final double MAX_DECREASE = 0.3;

  private static final double HALF_LIFE = 10_000;
  private static final double THRESHOLD_FACTOR = 1.5;
  private static final int INITIAL_BATCHES = 10;

  /**
   * Checks settings and reads the data.
   *
   * @throws UserError naming the first option that is not as it should be
   */
  static RunPlan of(DemoSettings s) {
    atLeast("--agents", s.agents(), 1);
    atLeast("--rounds", s.rounds(), 1);
    atLeast("--test-every", s.testEvery(), 1);
    atLeast("--local-steps", s.localSteps(), 1);
    atLeast("--batch", s.batch(), 1);
    atLeast("--evaluate-every", s.evaluateEvery(), 1);
    atLeast("--reconfigure-every", s.reconfigureEvery(), 1);
    atLeast("--initial-pruning-rounds", s.initialPruningRounds(), 1);
    atLeast("--deadline", s.deadlineSeconds(), 1);
    if (s.data().isBlank()) {
      throw UserError.badInput("--data names no directory.");
    }
    if (!(s.learningRate() > 0) || Double.isInfinite(s.learningRate())) {
      throw UserError.badInput(
          "--learning-rate is a number above 0, not " + s.learningRate() + ".");
    }
    if (s.maxDensity() != null && !(s.maxDensity() > 0 && s.maxDensity() <= 1)) {
      throw UserError.badInput(
          "--max-density is above 0 and at most 1, not " + s.maxDensity() + ".");
    }
    Loss loss = choice("--loss", s.loss(), LOSSES);
    TensorEncoding encoding = choice("--encoding", s.encoding(), ENCODINGS);
    Regrow regrow = choice("--regrow", s.regrow(), REGROW);
    ImportanceRounds importance = choice("--importance", s.importance(), IMPORTANCE);
    read("--kernels", () -> KernelChoice.named(s.kernels()));
    read("--pruning", () -> MaskPolicy.named(s.pruning()));
    Partitioner partitioner = read("--partition", () -> Partitioners.parse(s.partition()));
    Path data = Path.of(s.data());
    Dataset train = read("--data", () -> Datasets.open(data, Split.TRAIN));
    Dataset test = read("--data", () -> every(s.testEvery(), Datasets.open(data, Split.TEST)));
    checkBatch(s, train);
    Architecture architecture =
        read(
            "--model",
            () ->
                Architecture.of(
                    s.model(), train.channels(), train.height(), train.width(), train.classes()));
    CostOption cost =
        read("--cost", () -> CostOption.parse(s.cost(), architecture, s.localSteps()));
    checkCost(s, cost);
    return new RunPlan(
        s,
        read("--partition", () -> share(train, partitioner, s)),
        train,
        test,
        definition(s, architecture, loss, encoding, regrow, importance, cost));
  }

  /** How the agents decide which layers they compute by their active weights. */
  KernelChoice kernels() {
    return KernelChoice.named(settings.kernels());
  }

  /** What an option's value stands for; what is wrong with it is said with the option's name. */
  private static <V> V read(String option, Supplier<V> reading) {
    try {
      return reading.get();
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw UserError.badInput(option + ": " + e.getMessage(), e);
    }
  }

  private static void checkBatch(DemoSettings s, Dataset train) {
    if (s.batch() > train.size()) {
      throw UserError.badInput(
          String.format(
              "--batch is at most the number of training images, %d, not %d.",
              train.size(), s.batch()));
    }
    boolean conventional = s.pruning().equals(RunDefinition.CONVENTIONAL);
    int most = conventional ? Integer.MAX_VALUE : Network.MAX_IMPORTANCE_SAMPLES;
    long samples = (long) s.localSteps() * s.batch();
    if (samples > most) {
      throw UserError.badInput(
          String.format(
              "--local-steps times --batch is at most %d%s, not %d.",
              most, conventional ? "" : " where importance is computed", samples));
    }
  }

  /** The decision divides by seconds: better to refuse now than at the first decision. */
  private static void checkCost(DemoSettings s, CostOption option) {
    boolean conventional = s.pruning().equals(RunDefinition.CONVENTIONAL);
    if (conventional && option.isMeasured()) {
      throw UserError.badInput(
          "--cost: Measured costs come into force with a mask decision, and with --pruning none there"
              + " is none: use paper or file:PATH.");
    }
    CostModel cost = option.model();
    for (int l = 0; l < cost.layers(); l++) {
      if (!conventional && !(cost.secondsPerWeight(l) > 0)) {
        throw UserError.badInput(
            String.format(
                "--cost: By %s a weight of prunable layer %d takes no time, neither to compute nor"
                    + " to send; to be pruned it must take some.",
                cost.name(), l));
      }
    }
  }

  private static Dataset every(int n, Dataset data) {
    return data.subset(IntStream.iterate(0, i -> i < data.size(), i -> i + n).toArray());
  }

  private static List<AgentData> share(Dataset train, Partitioner partitioner, DemoSettings s) {
    Optional<Dataset> initialPruning =
        partitioner instanceof PartitionFile file && file.initialPruningIndices().length > 0
            ? Optional.of(train.subset(file.initialPruningIndices()))
            : Optional.empty();
    List<AgentData> agents = new ArrayList<>();
    for (int[] share : partitioner.split(train, s.agents(), s.seed())) {
      agents.add(new AgentData(train.subset(share), Optional.empty(), initialPruning));
    }
    return agents;
  }

  private static TrainingRun.Builder definition(
      DemoSettings s,
      Architecture architecture,
      Loss loss,
      TensorEncoding encoding,
      Regrow regrow,
      ImportanceRounds importance,
      CostOption cost) {
    return TrainingRun.newBuilder()
        .setSeed(s.seed())
        .setArchitecture(
            io.coppice.schemas.Architecture.newBuilder()
                .setNetwork(architecture.network())
                .setInputShape(
                    List.of(architecture.channels(), architecture.height(), architecture.width()))
                .setClasses(architecture.classes())
                .build())
        .setLoss(loss)
        .setTraining(
            LocalTraining.newBuilder()
                .setLocalSteps(s.localSteps())
                .setBatchSize(s.batch())
                .setLearningRate(s.learningRate())
                .build())
        .setRounds(s.rounds())
        .setParticipation(
            Participation.newBuilder()
                .setExpectedAgents(s.agents())
                .setQuorum((s.agents() + 1) / 2)
                .setDeadlineMillis(s.deadlineSeconds() * 1000L)
                .build())
        .setPruning(
            PruningPolicy.newBuilder()
                .setPolicy(s.pruning())
                .setReconfigureEvery(s.reconfigureEvery())
                .setMaxDecrease(MAX_DECREASE)
                .setHalfLife(HALF_LIFE)
                .setMaxDensity(s.maxDensity())
                .setRegrow(regrow)
                .setImportance(importance)
                .build())
        .setInitialPruning(s.initialPruning() ? initialPruning(s, architecture.classes()) : null)
        .setEvaluation(
            Evaluation.newBuilder()
                .setEvery(s.evaluateEvery())
                .setMode(EvaluationMode.CENTRAL)
                .build())
        .setCost(cost.toLog())
        .setEncoding(
            Encodings.newBuilder()
                .setDelta(encoding)
                .setImportance(encoding)
                .setAggregate(encoding)
                .build());
  }

  private static InitialPruning initialPruning(DemoSettings s, int classes) {
    return InitialPruning.newBuilder()
        .setSamples(INITIAL_BATCHES * s.batch())
        .setMaxRounds(s.initialPruningRounds())
        .setEvaluateEvery(s.evaluateEvery())
        .setDecideEvery(s.reconfigureEvery())
        .setStartAccuracy(Math.min(1, THRESHOLD_FACTOR / classes))
        .setStableTolerance(0.1)
        .setStableDecisions(5)
        .setDeadlineMillis(3600_000L)
        .build();
  }

  /** The run's record. */
  TrainingRun toRun(String runId) {
    return TrainingRun.newBuilder(definition).setRunId(runId).setCreatedAt(Instant.now()).build();
  }

  /** Whether a run in the log is the one that these settings define. */
  boolean defines(TrainingRun existing) {
    return TrainingRun.newBuilder(definition)
        .setRunId(existing.getRunId())
        .setCreatedAt(existing.getCreatedAt())
        .build()
        .equals(existing);
  }

  private static void atLeast(String option, int value, int least) {
    if (value < least) {
      throw UserError.badInput(option + " is at least " + least + ", not " + value + ".");
    }
  }

  private static <V> V choice(String option, String value, Map<String, V> choices) {
    V chosen = choices.get(value);
    if (chosen == null) {
      throw UserError.badInput(
          option
              + " is one of "
              + String.join(", ", choices.keySet().stream().sorted().toList())
              + ", not '"
              + value
              + "'.");
    }
    return chosen;
  }
}
