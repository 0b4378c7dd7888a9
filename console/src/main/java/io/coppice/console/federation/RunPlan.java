package io.coppice.console.federation;

import io.coppice.console.UserError;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelChoice;
import io.coppice.learning.engine.Network;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.pruning.CostModel;
import io.coppice.pruning.Inheritance;
import io.coppice.pruning.MaskPolicy;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
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
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.TrustedRecords;
import io.coppice.schemas.keys.TrustedKeysFile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Settings that were checked, and the run that they define: all that is needed before anything is started or written.
 *
 * @param settings the settings
 * @param data the data that they name
 * @param definition the run, still without id and time
 */
public record RunPlan(RunSettings settings, RunData data, TrainingRun.Builder definition) {

  static {
    TrustedRecords.register();
  }

  private static final Map<String, Loss> LOSSES =
      Map.of("softmax", Loss.SOFTMAX_CROSS_ENTROPY, "bce", Loss.BCE_WITH_LOGITS);
  private static final Map<String, TensorEncoding> ENCODINGS =
      Map.of("float32", TensorEncoding.FLOAT32, "bfloat16", TensorEncoding.BFLOAT16);
  private static final Map<String, Regrow> REGROW =
      Map.of("last-value", Regrow.LAST_VALUE, "zero", Regrow.ZERO);
  private static final Map<String, ImportanceRounds> IMPORTANCE =
      Map.of(
          "every-round", ImportanceRounds.EVERY_ROUND, "last-round", ImportanceRounds.LAST_ROUND);

  private static final Map<String, SignatureRule> SIGNATURES =
      Map.of("required", SignatureRule.REQUIRED, "optional", SignatureRule.OPTIONAL);

  /** PruneFL's published settings (reference section 11). */
  private static final double MAX_DECREASE = 0.3;

  private static final double HALF_LIFE = 10_000;
  private static final double THRESHOLD_FACTOR = 1.5;
  private static final int INITIAL_BATCHES = 10;

  /**
   * Checks settings.
   *
   * @param data that they name
   * @throws UserError naming the first option that is not as it should be
   */
  public static RunPlan of(RunSettings s, RunData data) {
    Dataset train = data.train();
    atLeast("--rounds", s.rounds(), 1);
    atLeast("--local-steps", s.localSteps(), 1);
    atLeast("--batch", s.batch(), 1);
    atLeast("--evaluate-every", s.evaluateEvery(), 1);
    atLeast("--reconfigure-every", s.reconfigureEvery(), 1);
    atLeast("--initial-pruning-rounds", s.initialPruningRounds(), 1);
    atLeast("--deadline", s.deadlineSeconds(), 1);
    if (!(s.learningRate() > 0) || Double.isInfinite(s.learningRate())) {
      throw UserError.badInput(
          "--learning-rate is a number above 0, not " + s.learningRate() + ".");
    }
    if (!(s.learningRateDecay() > 0 && s.learningRateDecay() <= 1)) {
      throw UserError.badInput(
          "--learning-rate-decay is above 0 and at most 1, not " + s.learningRateDecay() + ".");
    }
    density("--max-density", s.maxDensity());
    density("--target-density", s.targetDensity());
    density("--density", s.density());
    Loss loss = choice("--loss", s.loss(), LOSSES);
    TensorEncoding encoding = choice("--encoding", s.encoding(), ENCODINGS);
    ImportanceEncoding importanceEncoding =
        s.importanceEncoding() == null
            ? ImportanceEncoding.plain(encoding)
            : read("--importance-encoding", () -> ImportanceEncoding.parse(s.importanceEncoding()));
    Regrow regrow = choice("--regrow", s.regrow(), REGROW);
    SignatureRule signatures = choice("--signatures", s.signatures(), SIGNATURES);
    ImportanceRounds importance = choice("--importance", s.importance(), IMPORTANCE);
    read("--kernels", () -> KernelChoice.named(s.kernels()));
    MaskPolicy policy = read("--pruning", () -> MaskPolicy.named(s.pruning()));
    checkInitialPruning(s);
    checkPolicyDensity(s, policy);
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
    TrainingRun.Builder definition =
        definition(
                s,
                policy,
                architecture,
                loss,
                encoding,
                importanceEncoding,
                regrow,
                importance,
                cost)
            .setSignatures(signatures)
            .setTrustedKeys(trustedKeys(s, data));
    return new RunPlan(s, data, definition);
  }

  /** The agents that may take part, with all that start here; null if anybody may, or the list is still to be made. */
  private static List<TrustedKey> trustedKeys(RunSettings s, RunData data) {
    if (s.trustedKeys() == null) {
      return null;
    }
    if (s.trust()) {
      throw UserError.badInput(
          "--trust makes the list that --trusted-keys names: leave one of them out.");
    }
    List<TrustedKey> trusted =
        read("--trusted-keys", () -> TrustedKeysFile.read(Path.of(s.trustedKeys())));
    Set<String> named = trusted.stream().map(TrustedKey::getAgentId).collect(Collectors.toSet());
    for (String agent : data.agentIds()) {
      if (!named.contains(agent)) {
        throw UserError.badInput(
            String.format(
                "--trusted-keys: %s does not name %s; it names every agent that starts here, which are %s to %s.",
                s.trustedKeys(), agent, data.agentIds().getFirst(), data.agentIds().getLast()));
      }
    }
    return trusted;
  }

  /**
   * Makes sure that the agents that start here have keys that the run takes.
   *
   * @param keys of these agents
   * @throws UserError if they have others than a given list says
   */
  public void checkTrusted(AgentKeys keys) {
    if (definition.getTrustedKeys() != null) {
      keys.checkTrusted(definition.getTrustedKeys(), data.agentIds());
    }
  }

  /** The same with the list of the agents that start here, if they are to be the only ones. */
  public RunPlan trusting(AgentKeys keys) {
    if (!settings.trust()) {
      return this;
    }
    TrainingRun.Builder trusting = TrainingRun.newBuilder(definition);
    trusting.setTrustedKeys(
        data.agentIds().stream().map(id -> new TrustedKey(id, keys.of(id).publicKey())).toList());
    return new RunPlan(settings, data, trusting);
  }

  /** The policy that the settings name. */
  public MaskPolicy policy() {
    return MaskPolicy.named(settings.pruning());
  }

  /** Whether the policy has to take over something from a finished run that the settings do not give. */
  public boolean needsSource() {
    return switch (policy().inherits()) {
      case NOTHING -> false;
      case DENSITY -> settings.density() == null;
      case MASK, MASK_NEW_WEIGHTS -> true;
    };
  }

  /** The same with what the policy takes over from another run. */
  public RunPlan inheriting(Inheritance.Source source) {
    TrainingRun.Builder inheriting = TrainingRun.newBuilder(definition);
    policy().inherits().apply(source, inheriting);
    return new RunPlan(settings, data, inheriting);
  }

  /**
   * The same with the schedule of the policy, which has looked at its settings.
   *
   * @throws UserError if one of them is not as the policy needs it
   */
  public RunPlan complete() {
    TrainingRun draft = toRun("draft");
    read("--pruning " + settings.pruning(), () -> checked(draft));
    DecisionSchedule schedule = policy().schedule(draft);
    checkUpload(schedule);
    TrainingRun.Builder scheduled = TrainingRun.newBuilder(definition);
    scheduled.getPruning().setDecisions(schedule);
    return new RunPlan(settings, data, scheduled);
  }

  private TrainingRun checked(TrainingRun draft) {
    policy().check(draft);
    return draft;
  }

  /** The network. */
  public Architecture architecture() {
    Dataset train = data.train();
    return Architecture.of(
        settings.model(), train.channels(), train.height(), train.width(), train.classes());
  }

  /** How the agents decide which layers they compute by their active weights. */
  public KernelChoice kernels() {
    return KernelChoice.named(settings.kernels());
  }

  /** What an option's value stands for; what is wrong with it is said with the option's name. */
  static <V> V read(String option, Supplier<V> reading) {
    try {
      return reading.get();
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw UserError.badInput(option + ": " + e.getMessage(), e);
    }
  }

  private static void checkBatch(RunSettings s, Dataset train) {
    if (s.batch() > train.size()) {
      throw UserError.badInput(
          String.format(
              "--batch is at most the number of training images, %d, not %d.",
              train.size(), s.batch()));
    }
  }

  /** All samples of a round are kept where gradients of all weights are gathered; other uploads than importance may be negative. */
  private void checkUpload(DecisionSchedule schedule) {
    DecisionUpload upload = schedule.getUpload();
    if ((upload == DecisionUpload.GRADIENT || upload == DecisionUpload.VOTES)
        && !LogTensors.encoding(definition.getEncoding().getImportance()).signed()) {
      throw UserError.badInput(
          String.format(
              "--importance-encoding is float32 or bfloat16 where agents upload what is no importance, as --pruning %s has it,"
                  + " not %s.",
              settings.pruning(), settings.importanceEncoding()));
    }
    long samples = (long) settings.localSteps() * settings.batch();
    if (schedule.getUpload() != DecisionUpload.NOTHING && samples > Network.MAX_GRADIENT_SAMPLES) {
      throw UserError.badInput(
          String.format(
              "--local-steps times --batch is at most %d where --pruning %s gathers gradients, not %d.",
              Network.MAX_GRADIENT_SAMPLES, settings.pruning(), samples));
    }
  }

  private static void checkPolicyDensity(RunSettings s, MaskPolicy policy) {
    if (policy.inherits() == Inheritance.DENSITY && s.density() != null && s.density() == 1) {
      throw UserError.badInput(
          "--density is below 1 with --pruning " + s.pruning() + ", which prunes to it.");
    }
    if (s.targetDensity() != null && !s.pruning().equals(RunSettings.PRUNEFL)) {
      throw UserError.badInput(
          "--target-density is what the bound of prunefl moves to; the density of "
              + s.pruning()
              + " is given with --density.");
    }
  }

  private static void checkInitialPruning(RunSettings s) {
    if (s.initialPruning() && !s.pruning().equals(RunSettings.PRUNEFL)) {
      throw UserError.badInput(
          "--initial-pruning is a stage of --pruning prunefl, and not of " + s.pruning() + ".");
    }
  }

  /** The decision divides by seconds: better to refuse now than at the first decision. */
  private static void checkCost(RunSettings s, CostOption option) {
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

  private static TrainingRun.Builder definition(
      RunSettings s,
      MaskPolicy policy,
      Architecture architecture,
      Loss loss,
      TensorEncoding encoding,
      ImportanceEncoding importanceEncoding,
      Regrow regrow,
      ImportanceRounds importance,
      CostOption cost) {
    Integer participants = participants(s);
    int asked = participants == null ? s.agents() : participants;
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
                .setLearningRateDecay(s.learningRateDecay())
                .build())
        .setRounds(s.rounds())
        .setParticipation(
            Participation.newBuilder()
                .setExpectedAgents(s.agents())
                .setQuorum((asked + 1) / 2)
                .setParticipants(participants)
                .setDeadlineMillis(s.deadlineSeconds() * 1000L)
                .build())
        .setPruning(
            PruningPolicy.newBuilder()
                .setPolicy(s.pruning())
                .setReconfigureEvery(s.reconfigureEvery())
                .setMaxDecrease(MAX_DECREASE)
                .setHalfLife(HALF_LIFE)
                .setMaxDensity(s.maxDensity())
                .setTargetDensity(
                    policy.inherits() == Inheritance.DENSITY ? s.density() : s.targetDensity())
                .setRegrow(regrow)
                .setImportance(importance)
                .setImportanceShare(importanceEncoding.share())
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
                .setImportance(importanceEncoding.encoding())
                .setAggregate(encoding)
                .build());
  }

  private static InitialPruning initialPruning(RunSettings s, int classes) {
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

  /** Agents asked in a round; null if all are. */
  private static Integer participants(RunSettings s) {
    if (s.participants() == null) {
      return null;
    }
    try {
      boolean fraction = s.participants().contains(".");
      double wanted = Double.parseDouble(s.participants());
      if (wanted > 0 && wanted <= (fraction ? 1 : s.agents()) && (fraction || wanted % 1 == 0)) {
        return (int) Math.ceil(fraction ? wanted * s.agents() : wanted);
      }
    } catch (NumberFormatException e) {
      // Said below, as for a number that is out of range.
    }
    throw UserError.badInput(
        String.format(
            "--participants is a number of agents, 1 to %d, or a fraction of them above 0.0 and at most"
                + " 1.0, not '%s'.",
            s.agents(), s.participants()));
  }

  /** The run's record. */
  public TrainingRun toRun(String runId) {
    return TrainingRun.newBuilder(definition).setRunId(runId).setCreatedAt(Instant.now()).build();
  }

  /**
   * What a run in the log has that these settings do not define.
   *
   * @return some words for a message; empty if it is the run that they define, be it by a release that wrote down no schedule
   */
  public Optional<String> differenceTo(TrainingRun existing) {
    TrainingRun.Builder same =
        TrainingRun.newBuilder(definition)
            .setRunId(existing.getRunId())
            .setCreatedAt(existing.getCreatedAt());
    if (existing.getPruning().getDecisions() == null) {
      same.getPruning().setDecisions(null);
    }
    if (same.build().equals(existing)) {
      return Optional.empty();
    }
    boolean others = same.setTrustedKeys(existing.getTrustedKeys()).build().equals(existing);
    return Optional.of(others ? "other trusted keys" : "other settings");
  }

  private static void density(String option, Double value) {
    if (value != null && !(value > 0 && value <= 1)) {
      throw UserError.badInput(option + " is above 0 and at most 1, not " + value + ".");
    }
  }

  static void atLeast(String option, int value, int least) {
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
