package io.coppice.console.definition;

import io.coppice.console.progress.Figures;
import io.coppice.learning.pruning.DecisionRounds;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.InitialPruning;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.Loss;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.TrainingRun;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a run does, in a few lines for people. */
public final class DefinitionText {

  private DefinitionText() {}

  /** Lines by what they are about, in their order. */
  public static Map<String, String> lines(RunDefinition definition) {
    TrainingRun run = definition.run();
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("model", model(definition));
    lines.put("training", training(run));
    lines.put("agents", agents(run));
    lines.put("pruning", pruning(definition));
    lines.put(
        "evaluation",
        String.format(
            "%s, %s; encoding %s; cost model %s",
            every(run.getEvaluation().getEvery()),
            run.getEvaluation().getMode().name().toLowerCase(Locale.ROOT),
            encoding(run.getEncoding()),
            cost(run)));
    return lines;
  }

  private static String model(RunDefinition definition) {
    TrainingRun run = definition.run();
    return String.format(
        "%s for images of %s and %d classes, %s parameters; %s",
        run.getArchitecture().getNetwork(),
        run.getArchitecture().getInputShape().stream()
            .map(String::valueOf)
            .collect(Collectors.joining(" x ")),
        run.getArchitecture().getClasses(),
        Figures.count(definition.layout().size()),
        run.getLoss() == Loss.BCE_WITH_LOGITS
            ? "binary cross-entropy with logits"
            : "softmax cross-entropy");
  }

  private static String training(TrainingRun run) {
    LocalTraining training = run.getTraining();
    return String.format(
        "%s of %s of %s, learning rate %s%s; seed %d",
        Figures.count(run.getRounds(), "round"),
        Figures.count(training.getLocalSteps(), "local step"),
        Figures.count(training.getBatchSize(), "sample"),
        training.getLearningRate(),
        training.getLearningRateDecay() == 1
            ? ""
            : " times " + training.getLearningRateDecay() + " from round to round",
        run.getSeed());
  }

  private static String agents(TrainingRun run) {
    Participation participation = run.getParticipation();
    return String.format(
        "%d expected, %s asked in a round, quorum %d, deadline %s; signatures %s%s",
        participation.getExpectedAgents(),
        participation.getParticipants() == null ? "all" : participation.getParticipants(),
        participation.getQuorum(),
        Durations.format(participation.getDeadlineMillis()),
        run.getSignatures() == SignatureRule.REQUIRED ? "required" : "optional",
        run.getTrustedKeys() == null ? "" : ", " + run.getTrustedKeys().size() + " trusted keys");
  }

  private static String pruning(RunDefinition definition) {
    TrainingRun run = definition.run();
    PruningPolicy pruning = run.getPruning();
    DecisionRounds decisions = definition.decisions();
    StringBuilder text = new StringBuilder(pruning.getPolicy());
    int last = Math.min(decisions.last(), definition.lastRound());
    if (decisions.first() > last) {
      text.append(", no mask decision");
    } else if (decisions.first() + decisions.every() > last) {
      text.append(", decided after round ").append(decisions.first());
    } else {
      text.append(", decided after round ")
          .append(decisions.first())
          .append(" and ")
          .append(every(decisions.every()))
          .append(last < definition.lastRound() ? " up to round " + last : "");
    }
    if (pruning.getMaxDensity() != null) {
      text.append("; density at most ").append(pruning.getMaxDensity());
    }
    if (pruning.getTargetDensity() != null) {
      text.append(pruning.getMaxDensity() == null ? "; density " : ", in the end ")
          .append(pruning.getTargetDensity());
    }
    InitialPruning initial = run.getInitialPruning();
    if (initial != null) {
      text.append("; initial pruning of at most ")
          .append(Figures.count(initial.getMaxRounds(), "local round"));
    }
    return text.toString();
  }

  private static String every(int rounds) {
    return rounds == 1 ? "every round" : "every " + Figures.count(rounds) + " rounds";
  }

  private static String encoding(Encodings encoding) {
    return Stream.of(encoding.getDelta(), encoding.getImportance(), encoding.getAggregate())
        .map(e -> e.name().toLowerCase(Locale.ROOT))
        .distinct()
        .collect(Collectors.joining("/"));
  }

  private static String cost(TrainingRun run) {
    Double quantile = run.getCost().getFleetQuantile();
    if (quantile == null) {
      return run.getCost().getName();
    }
    return quantile == 1 ? "measured" : "measured:" + quantile;
  }
}
