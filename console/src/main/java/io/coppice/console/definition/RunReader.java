package io.coppice.console.definition;

import io.coppice.aggregator.Fault;
import io.coppice.aggregator.rounds.RunChecks;
import io.coppice.console.federation.CostOption;
import io.coppice.console.federation.ImportanceEncoding;
import io.coppice.console.federation.ParticipantCount;
import io.coppice.console.federation.Range;
import io.coppice.console.federation.RunChoices;
import io.coppice.console.federation.RunDefaults;
import io.coppice.console.federation.RunRules;
import io.coppice.console.federation.Setting;
import io.coppice.learning.nn.Architecture;
import io.coppice.pruning.MaskPolicy;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.Participation;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.TrustedRecords;
import io.coppice.schemas.keys.KeyFileException;
import io.coppice.schemas.keys.TrustedKeysFile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Reads the keys of a run definition file. What is wrong with them is noted, and the definition is then good for nothing. */
final class RunReader {

  static {
    TrustedRecords.register();
  }

  private static final String DRAFT = "draft";

  /** The largest image that is taken; the largest networks are refused by their number of parameters. */
  private static final Range PIXELS = Range.between(1, 65_536);

  /** A shard has to fit a record of {@link io.coppice.schemas.Topic#MAX_RECORD_BYTES}, and its update's list of digests, too. */
  private static final Range SHARD_VALUES = Range.between(256, 4_000_000);

  private final Section root;
  private final Path directory;
  private final Problems problems;
  private final RunRules rules = new RunRules(Setting::key);

  /** Where the settings stand that depend on others. */
  private final Map<Setting, Place> places = new HashMap<>();

  private Optional<String> runId = Optional.empty();

  /** Fraction of the pruned weights whose importance is sent; null: all. */
  private Double importanceShare;

  /**
   * @param file relative paths in it are taken from where it lies
   */
  RunReader(Section root, Path file, Problems problems) {
    this.root = root;
    this.directory = file.toAbsolutePath().getParent();
    this.problems = problems;
  }

  /** The id that the file gives the run. */
  Optional<String> runId() {
    return runId;
  }

  /** The definition, under no id of meaning; null or of no meaning if a problem was noted. */
  TrainingRun read() {
    readRunId();
    Value<Long> seed = root.whole("seed", 0L, Range.any());
    Section model = root.section("model");
    Optional<Architecture> architecture = architecture(model);
    var loss = model.choice("loss", RunDefaults.LOSS, RunChoices.LOSSES);
    model.close();
    Value<Integer> rounds = root.integer("rounds", RunDefaults.ROUNDS, Range.atLeast(1));
    TrainingRun.Builder run = TrainingRun.newBuilder();
    agents(run);
    Value<Integer> evaluateEvery = evaluation(run);
    Section trainingKeys = root.section("training");
    Value<Integer> batch = trainingKeys.integer("batch", RunDefaults.BATCH, Range.atLeast(1));
    LocalTraining training = training(trainingKeys, batch);
    PruningReader pruning =
        new PruningReader(root.section("pruning"), rules, problems, places).read();
    Value<String> cost = root.text("cost", RunDefaults.COST);
    encoding(run);
    run.setCheckpointEvery(root.integer("checkpoint-every", 50, Range.atLeast(1)).value());
    shardValues(run);
    root.close();

    run.setRunId(DRAFT).setCreatedAt(Instant.EPOCH).setSeed(seed.value()).setLoss(loss.value());
    run.setRounds(rounds.value()).setTraining(training).setPruning(pruning.policy());
    run.getPruning().setImportanceShare(importanceShare);
    pruning
        .stage(batch, architecture.map(Architecture::classes).orElse(2), evaluateEvery.value())
        .ifPresent(run::setInitialPruning);
    return problems.isEmpty()
        ? complete(run, architecture.orElseThrow(), cost, pruning.maskPolicy())
        : null;
  }

  private void readRunId() {
    if (!root.has("run")) {
      root.text("run", DRAFT);
      return;
    }
    Value<String> id = root.text("run", DRAFT);
    if (id.isSound() && !LogKeys.isName(id.value())) {
      problems.add(id.place(), "run is 1 to 64 of a-z, 0-9 and '-', not '" + id.value() + "'.");
    }
    runId = Optional.of(id.value());
  }

  private Optional<Architecture> architecture(Section model) {
    Map<String, String> networks = new TreeMap<>();
    Architecture.networks().forEach(name -> networks.put(name, name));
    Value<String> network = model.choice("network", RunDefaults.MODEL, networks);
    Value<List<Integer>> input = input(model);
    Value<Integer> classes = model.integer("classes", 10, Range.atLeast(2));
    if (!network.isSound() || !input.isSound() || !classes.isSound()) {
      return Optional.empty();
    }
    List<Integer> shape = input.value();
    try {
      Architecture architecture =
          Architecture.of(
              network.value(), shape.get(0), shape.get(1), shape.get(2), classes.value());
      return Optional.of(architecture);
    } catch (IllegalArgumentException e) {
      Value<?> guilty = input.isGiven() ? input : network;
      problems.add(guilty.place(), "model.input: " + e.getMessage());
      return Optional.empty();
    }
  }

  private Value<List<Integer>> input(Section model) {
    List<Integer> mnist = List.of(1, 28, 28);
    String kind = "a list of channels, height and width, such as [1, 28, 28]";
    if (!model.has("input")) {
      return model.text("input", "").with(mnist);
    }
    List<Value<String>> numbers = model.texts("input", kind);
    List<Integer> shape = new ArrayList<>();
    for (Value<String> number : numbers) {
      if (!number.value().matches("\\d{1,5}")
          || !PIXELS.contains().test(Integer.parseInt(number.value()))) {
        problems.add(number.place(), PIXELS.sentence("A number of model.input", number.value()));
        return new Value<>(mnist, number.place(), true, false);
      }
      shape.add(Integer.valueOf(number.value()));
    }
    if (numbers.isEmpty() && !model.isList("input")) {
      return new Value<>(mnist, model.place(), true, false);
    }
    return shape.size() == 3
        ? new Value<>(shape, model.valuePlace("input"), true, true)
        : model.wrong(
            "input", mnist, "model.input is " + kind + ", not of " + shape.size() + " numbers.");
  }

  private void agents(TrainingRun.Builder run) {
    Section agents = root.section("agents");
    Value<Integer> expected = agents.integer("expected", RunDefaults.AGENTS, Range.atLeast(1));
    Value<Integer> participants = participants(agents, expected);
    int asked = participants.value() == null ? expected.value() : participants.value();
    Value<Integer> quorum = agents.integer("quorum", RunDefaults.quorum(asked), Range.atLeast(1));
    if (expected.isSound()
        && participants.isSound()
        && quorum.isSound()
        && quorum.value() > asked) {
      problems.add(
          quorum.place(),
          String.format(
              "agents.quorum is at most %s, %d, not %d.",
              participants.value() == null ? "agents.expected" : "agents.participants",
              asked,
              quorum.value()));
    }
    Value<Long> deadline = agents.duration("deadline", RunDefaults.DEADLINE_SECONDS * 1000L);
    run.setParticipation(
        new Participation(
            expected.value(), quorum.value(), deadline.value(), participants.value()));
    run.setSignatures(
        agents.choice("signatures", RunDefaults.SIGNATURES, RunChoices.SIGNATURES).value());
    run.setTrustedKeys(trustedKeys(agents, expected));
    agents.close();
  }

  /** Agents asked in a round; null if all are. */
  private Value<Integer> participants(Section agents, Value<Integer> expected) {
    Value<String> text = agents.text("participants", "all");
    if (!text.isGiven() || !text.isSound() || !expected.isSound()) {
      return text.with(null);
    }
    Optional<Integer> count = ParticipantCount.parse(text.value(), expected.value());
    return count.isPresent()
        ? text.with(count.get())
        : agents.wrong(
            "participants",
            null,
            ParticipantCount.sentence("agents.participants", text.value(), expected.value()));
  }

  /** The agents that may take part, in the order of their ids; null if anybody may. */
  private List<TrustedKey> trustedKeys(Section agents, Value<Integer> expected) {
    String key = "trusted-keys";
    if (!agents.has(key)) {
      agents.text(key, "");
      return null;
    }
    Place place = agents.valuePlace(key);
    List<TrustedKey> keys = agents.isList(key) ? keysOfList(agents) : keysOfFile(agents);
    if (keys != null && expected.isSound() && keys.size() < expected.value()) {
      problems.add(
          place,
          String.format(
              "agents.trusted-keys names every agent that is expected, at least %d, not %d.",
              expected.value(), keys.size()));
    }
    return keys;
  }

  private List<TrustedKey> keysOfFile(Section agents) {
    Value<String> file = agents.text("trusted-keys", "");
    if (!file.isSound()) {
      return null;
    }
    try {
      return TrustedKeysFile.read(directory.resolve(file.value()));
    } catch (IllegalArgumentException e) {
      problems.add(file.place(), "agents.trusted-keys: " + e.getMessage());
      return null;
    }
  }

  /** Null if one of them is not as it should be. */
  private List<TrustedKey> keysOfList(Section agents) {
    Map<String, TrustedKey> keys = new TreeMap<>();
    boolean sound = true;
    for (Value<String> line :
        agents.texts("trusted-keys", "a file, or a list of agent ids, each with its public key")) {
      try {
        TrustedKey key = TrustedKeysFile.parse("agents.trusted-keys: ", line.value());
        if (keys.put(key.getAgentId(), key) != null) {
          throw new KeyFileException(
              "agents.trusted-keys: Agent " + key.getAgentId() + " has a key already.");
        }
      } catch (KeyFileException e) {
        problems.add(line.place(), e.getMessage());
        sound = false;
      }
    }
    return sound ? List.copyOf(keys.values()) : null;
  }

  private Value<Integer> evaluation(TrainingRun.Builder run) {
    Section evaluation = root.section("evaluation");
    Value<Integer> every =
        evaluation.integer("every", RunDefaults.EVALUATE_EVERY, Range.atLeast(1));
    var mode = evaluation.choice("mode", "central", RunChoices.EVALUATION);
    evaluation.close();
    run.setEvaluation(new Evaluation(every.value(), mode.value()));
    return every;
  }

  private LocalTraining training(Section training, Value<Integer> batch) {
    Value<Integer> steps =
        training.integer("local-steps", RunDefaults.LOCAL_STEPS, Range.atLeast(1));
    places.put(Setting.LOCAL_STEPS, steps.isGiven() ? steps.place() : batch.place());
    Value<Double> rate =
        training.number("learning-rate", RunDefaults.LEARNING_RATE, Range.POSITIVE);
    Value<Double> decay =
        training.number("learning-rate-decay", RunDefaults.LEARNING_RATE_DECAY, Range.FRACTION);
    training.close();
    return new LocalTraining(steps.value(), batch.value(), rate.value(), decay.value());
  }

  /** One for all, or each kind of tensor by itself. */
  private void encoding(TrainingRun.Builder run) {
    if (!root.isSection("encoding")) {
      TensorEncoding all =
          root.choice("encoding", RunDefaults.ENCODING, RunChoices.ENCODINGS).value();
      run.setEncoding(new Encodings(all, all, all));
      return;
    }
    Section kinds = root.section("encoding");
    ImportanceEncoding importance = importanceEncoding(kinds);
    importanceShare = importance.share();
    run.setEncoding(
        new Encodings(
            kinds.choice("delta", RunDefaults.ENCODING, RunChoices.ENCODINGS).value(),
            importance.encoding(),
            kinds.choice("aggregate", RunDefaults.ENCODING, RunChoices.ENCODINGS).value()));
    kinds.close();
  }

  private void shardValues(TrainingRun.Builder run) {
    Value<Integer> values = root.integer("shard-values", 65_536, SHARD_VALUES);
    run.setShardValues(values.value());
    TensorEncoding importance = run.getEncoding().getImportance();
    int most = LogTensors.encoding(importance).maxValues();
    if (values.value() > most) {
      problems.add(
          values.place(),
          "shard-values is at most %d where importance travels as %s, not %d."
              .formatted(
                  most,
                  importance.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                  values.value()));
    }
  }

  private ImportanceEncoding importanceEncoding(Section kinds) {
    ImportanceEncoding byDefault = ImportanceEncoding.parse(RunDefaults.ENCODING);
    Value<String> text = kinds.text("importance", RunDefaults.ENCODING);
    places.put(Setting.IMPORTANCE_ENCODING, text.place());
    if (!text.isSound()) {
      return byDefault;
    }
    try {
      return ImportanceEncoding.parse(text.value());
    } catch (IllegalArgumentException e) {
      problems.add(text.place(), "encoding.importance: " + e.getMessage());
      return byDefault;
    }
  }

  // What can only be said of a whole definition

  private TrainingRun complete(
      TrainingRun.Builder run, Architecture architecture, Value<String> cost, MaskPolicy policy) {
    places.put(Setting.COST, cost.place());
    run.setArchitecture(
        io.coppice.schemas.Architecture.newBuilder()
            .setNetwork(architecture.network())
            .setInputShape(
                List.of(architecture.channels(), architecture.height(), architecture.width()))
            .setClasses(architecture.classes())
            .build());
    cost(run, architecture, cost, policy);
    if (!problems.isEmpty()) {
      return null;
    }
    TrainingRun draft = run.build();
    checkByPolicy(draft, policy);
    if (!problems.isEmpty()) {
      return null;
    }
    var schedule = policy.schedule(draft);
    LocalTraining training = draft.getTraining();
    note(rules.importanceEncoding(draft.getEncoding().getImportance(), schedule, policy.name()));
    note(rules.samples(training.getLocalSteps(), training.getBatchSize(), schedule, policy.name()));
    run.getPruning().setDecisions(schedule);
    TrainingRun definition = run.build();
    checkAsTheLogDoes(definition);
    return definition;
  }

  private void cost(
      TrainingRun.Builder run, Architecture architecture, Value<String> cost, MaskPolicy policy) {
    String file = "file:";
    String name =
        cost.value().startsWith(file)
            ? file + directory.resolve(cost.value().substring(file.length()))
            : cost.value();
    try {
      CostOption option = CostOption.parse(name, architecture, run.getTraining().getLocalSteps());
      note(rules.cost(option, policy.name()));
      run.setCost(option.toLog());
      run.getCost().setName(cost.value().startsWith(file) ? cost.value() : option.model().name());
    } catch (IllegalArgumentException | IllegalStateException e) {
      problems.add(cost.place(), "cost: " + e.getMessage());
    }
  }

  private void checkByPolicy(TrainingRun draft, MaskPolicy policy) {
    try {
      policy.check(draft);
    } catch (IllegalArgumentException e) {
      problems.add(
          places.get(Setting.POLICY), "pruning.policy " + policy.name() + ": " + e.getMessage());
    }
  }

  private void note(Optional<RunRules.Breach> breach) {
    breach.ifPresent(
        b -> problems.add(places.getOrDefault(b.setting(), root.place()), b.sentence()));
  }

  /** The last word is that of those who will read the definition: what they would refuse is never written. */
  private void checkAsTheLogDoes(TrainingRun definition) {
    try {
      RunDefinition.of(definition, 0);
      RunChecks.definition(definition)
          .map(Fault::detail)
          .ifPresent(detail -> problems.add(root.place(), detail));
    } catch (IllegalArgumentException e) {
      problems.add(root.place(), e.getMessage());
    }
  }
}
