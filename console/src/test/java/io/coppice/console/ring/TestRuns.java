package io.coppice.console.ring;

import io.coppice.learning.nn.Architecture;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.CostModels;
import io.coppice.schemas.CostCoefficients;
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
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/** Small runs of LeNet-5 whose updates lie in 62 shards, and whose mask changes every other round. */
public final class TestRuns {

  public static final int RECONFIGURE_EVERY = 2;
  public static final long NO_DEADLINE = 3_600_000;

  private static final Architecture LENET5 = Architecture.of("lenet5", 1, 28, 28, 10);
  private static final int LOCAL_STEPS = 2;
  private static final int BATCH = 5;
  private static final int SHARD_VALUES = 1000;

  private TestRuns() {}

  static TrainingRun.Builder prunefl(String id, int rounds, Participation participation) {
    CostModel cost =
        CostModels.named("paper", LENET5.layout(), LENET5.outputPositions(), LOCAL_STEPS);
    return TrainingRun.newBuilder()
        .setRunId(id)
        .setCreatedAt(Instant.EPOCH)
        .setSeed(7)
        .setArchitecture(
            new io.coppice.schemas.Architecture(LENET5.network(), List.of(1, 28, 28), 10))
        .setLoss(Loss.SOFTMAX_CROSS_ENTROPY)
        .setTraining(new LocalTraining(LOCAL_STEPS, BATCH, 0.1, 0.99))
        .setRounds(rounds)
        .setParticipation(participation)
        .setPruning(
            new PruningPolicy(
                "prunefl",
                RECONFIGURE_EVERY,
                0.3,
                100.0,
                null,
                Regrow.ZERO,
                ImportanceRounds.EVERY_ROUND,
                null,
                null,
                null))
        .setInitialPruning(null)
        .setEvaluation(new Evaluation(RECONFIGURE_EVERY, EvaluationMode.CENTRAL))
        .setCost(cost(cost))
        .setEncoding(
            new Encodings(TensorEncoding.FLOAT32, TensorEncoding.BFLOAT16, TensorEncoding.FLOAT32))
        .setShardValues(SHARD_VALUES)
        .setCheckpointEvery(3);
  }

  /** A small network whose cost is measured by its agents, of whom the slowest counts. */
  static TrainingRun measured(String id, int rounds, Participation participation) {
    TrainingRun.Builder run = small(id, rounds, participation);
    run.getCost().setFleetQuantile(1.0);
    return run.build();
  }

  /** A small network whose updates lie in few shards. */
  public static TrainingRun.Builder small(String id, int rounds, Participation participation) {
    Architecture mlp = Architecture.of("mlp", 1, 28, 28, 10);
    CostModel cost = CostModels.named("paper", mlp.layout(), mlp.outputPositions(), LOCAL_STEPS);
    return prunefl(id, rounds, participation)
        .setArchitecture(new io.coppice.schemas.Architecture("mlp", List.of(1, 28, 28), 10))
        .setCost(cost(cost))
        .setEncoding(
            new Encodings(TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32))
        .setShardValues(65_536);
  }

  private static CostCoefficients cost(CostModel cost) {
    return new CostCoefficients(
        cost.name(),
        cost.fixedSeconds(),
        cost.communicationSecondsPerWeight(),
        Arrays.stream(cost.computationSecondsPerWeight()).boxed().toList(),
        null);
  }

  static InitialPruning initialPruning() {
    return new InitialPruning(20, 30, 5, 5, 0.0, 0.1, 3, NO_DEADLINE);
  }
}
