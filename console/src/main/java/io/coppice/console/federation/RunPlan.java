package io.coppice.console.federation;

import io.coppice.console.UserError;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelChoice;
import io.coppice.learning.nn.Architecture;
import io.coppice.pruning.Inheritance;
import io.coppice.pruning.MaskPolicy;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.ImportanceRounds;
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

  private static final RunRules RULES = new RunRules(Setting::option);

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
    in("--learning-rate", s.learningRate(), Range.POSITIVE);
    in("--learning-rate-decay", s.learningRateDecay(), Range.FRACTION);
    in("--max-density", s.maxDensity(), Range.FRACTION);
    in("--target-density", s.targetDensity(), Range.FRACTION);
    in("--density", s.density(), Range.FRACTION);
    Loss loss = choice("--loss", s.loss(), RunChoices.LOSSES);
    TensorEncoding encoding = choice("--encoding", s.encoding(), RunChoices.ENCODINGS);
    ImportanceEncoding importanceEncoding =
        s.importanceEncoding() == null
            ? ImportanceEncoding.plain(encoding)
            : read("--importance-encoding", () -> ImportanceEncoding.parse(s.importanceEncoding()));
    Regrow regrow = choice("--regrow", s.regrow(), RunChoices.REGROW);
    SignatureRule signatures = choice("--signatures", s.signatures(), RunChoices.SIGNATURES);
    ImportanceRounds importance = choice("--importance", s.importance(), RunChoices.IMPORTANCE);
    read("--kernels", () -> KernelChoice.named(s.kernels()));
    MaskPolicy policy = read("--pruning", () -> MaskPolicy.named(s.pruning()));
    require(RULES.initialPruning(s.initialPruning(), s.pruning()));
    require(RULES.density(policy, s.density(), s.targetDensity()));
    checkBatch(s, train);
    Architecture architecture =
        read(
            "--model",
            () ->
                Architecture.of(
                    s.model(), train.channels(), train.height(), train.width(), train.classes()));
    CostOption cost =
        read("--cost", () -> CostOption.parse(s.cost(), architecture, s.localSteps()));
    require(RULES.cost(cost, s.pruning()));
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
    require(
        RULES.importanceEncoding(
            definition.getEncoding().getImportance(), schedule, settings.pruning()));
    require(RULES.samples(settings.localSteps(), settings.batch(), schedule, settings.pruning()));
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

  private static void require(Optional<RunRules.Breach> breach) {
    if (breach.isPresent()) {
      throw UserError.badInput(breach.get().sentence());
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
                .setQuorum(RunDefaults.quorum(asked))
                .setParticipants(participants)
                .setDeadlineMillis(s.deadlineSeconds() * 1000L)
                .build())
        .setPruning(
            PruningPolicy.newBuilder()
                .setPolicy(s.pruning())
                .setReconfigureEvery(s.reconfigureEvery())
                .setMaxDecrease(RunDefaults.MAX_DECREASE)
                .setHalfLife(RunDefaults.HALF_LIFE)
                .setMaxDensity(s.maxDensity())
                .setTargetDensity(
                    policy.inherits() == Inheritance.DENSITY ? s.density() : s.targetDensity())
                .setRegrow(regrow)
                .setImportance(importance)
                .setImportanceShare(importanceEncoding.share())
                .build())
        .setInitialPruning(
            s.initialPruning()
                ? RunDefaults.initialPruning(
                    s.batch(),
                    architecture.classes(),
                    s.initialPruningRounds(),
                    s.evaluateEvery(),
                    s.reconfigureEvery())
                : null)
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

  /** Agents asked in a round; null if all are. */
  private static Integer participants(RunSettings s) {
    return s.participants() == null
        ? null
        : ParticipantCount.parse(s.participants(), s.agents())
            .orElseThrow(
                () ->
                    UserError.badInput(
                        ParticipantCount.sentence("--participants", s.participants(), s.agents())));
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

  private static void in(String option, Double value, Range range) {
    if (value != null && !range.contains().test(value)) {
      throw UserError.badInput(range.sentence(option, value));
    }
  }

  static void atLeast(String option, int value, int least) {
    if (value < least) {
      throw UserError.badInput(Range.atLeast(least).sentence(option, value));
    }
  }

  private static <V> V choice(String option, String value, Map<String, V> choices) {
    V chosen = choices.get(value);
    if (chosen == null) {
      throw UserError.badInput(RunChoices.sentence(option, value, choices));
    }
    return chosen;
  }
}
