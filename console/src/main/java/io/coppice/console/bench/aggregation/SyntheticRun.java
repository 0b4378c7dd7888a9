package io.coppice.console.bench.aggregation;

import io.coppice.learning.nn.Architecture;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.CostModels;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.Loss;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/** The definition of a run in which nobody trains. */
public final class SyntheticRun {

  private static final Duration DEADLINE = Duration.ofHours(1);

  private SyntheticRun() {}

  /**
   * Defines a run that is never pruned, evaluated by nobody, and whose rounds wait for all agents.
   *
   * @param encoding of updates and aggregates
   * @param agents that take part, at least 1
   * @param rounds at least 1
   */
  public static TrainingRun of(
      String id, Architecture architecture, TensorEncoding encoding, int agents, int rounds) {
    CostModel cost =
        CostModels.named("paper", architecture.layout(), architecture.outputPositions(), 1);
    return TrainingRun.newBuilder()
        .setRunId(id)
        .setCreatedAt(Instant.now())
        .setSeed(1)
        .setArchitecture(
            new io.coppice.schemas.Architecture(
                architecture.network(),
                List.of(architecture.channels(), architecture.height(), architecture.width()),
                architecture.classes()))
        .setLoss(Loss.SOFTMAX_CROSS_ENTROPY)
        .setTraining(new LocalTraining(1, 20, 0.1, 1.0))
        .setRounds(rounds)
        .setParticipation(new Participation(agents, agents, DEADLINE.toMillis(), null))
        .setPruning(
            PruningPolicy.newBuilder()
                .setPolicy(RunDefinition.CONVENTIONAL)
                .setReconfigureEvery(1)
                .setMaxDecrease(0.3)
                .setHalfLife(1000)
                .setRegrow(Regrow.ZERO)
                .setImportance(ImportanceRounds.EVERY_ROUND)
                .build())
        .setEvaluation(new Evaluation(1, EvaluationMode.FEDERATED))
        .setCost(
            new CostCoefficients(
                cost.name(),
                cost.fixedSeconds(),
                cost.communicationSecondsPerWeight(),
                Arrays.stream(cost.computationSecondsPerWeight()).boxed().toList(),
                null))
        .setEncoding(new Encodings(encoding, TensorEncoding.FLOAT32, encoding))
        .build();
  }
}
