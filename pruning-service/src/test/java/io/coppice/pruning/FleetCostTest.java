package io.coppice.pruning;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.CostProfile;
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
import io.coppice.schemas.TrustedRecords;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FleetCostTest {

  static {
    TrustedRecords.register();
  }

  /** Four agents; another is the slowest in every coefficient. */
  private final List<AgentJoined> fleet =
      new ArrayList<>(
          List.of(
              joined("a", new CostProfile(4.0, List.of(1e-6, 2e-6, 3e-6), 1e6)),
              joined("b", new CostProfile(1.0, List.of(4e-6, 1e-6, 2e-6), 2e6)),
              joined("c", new CostProfile(2.0, List.of(3e-6, 4e-6, 1e-6), 3e6)),
              joined("d", new CostProfile(3.0, List.of(2e-6, 3e-6, 4e-6), 4e6))));

  @ParameterizedTest
  @CsvSource({"1.0, 4", "0.76, 4", "0.75, 3", "0.5, 2", "0.26, 2", "0.25, 1", "0.001, 1"})
  void eachCoefficientIsAQuantileOfTheAgentsOwn(double quantile, int rank) {
    List<Double> bytesPerSecond = List.of(4e6, 3e6, 2e6, 1e6);
    assertThat(FleetCost.of(run(quantile), fleet))
        .contains(
            new CostCoefficients(
                "measured by 4 of 4 agents",
                (double) rank,
                6 / bytesPerSecond.get(rank - 1), // 4 bytes up, 2 down
                List.of(rank * 1e-6, rank * 1e-6, rank * 1e-6),
                quantile));
  }

  @Test
  void theOrderOfTheAgentsMakesNoDifference() {
    RunDefinition run = run(0.5);
    assertThat(FleetCost.of(run, fleet.reversed())).isEqualTo(FleetCost.of(run, fleet));
  }

  @Test
  void unusableProfilesDoNotCount() {
    List<Double> good = List.of(1.0, 1.0, 1.0);
    fleet.add(joined("e", null));
    fleet.add(joined("f", new CostProfile(-1.0, good, 1.0)));
    fleet.add(joined("g", new CostProfile(Double.NaN, good, 1.0)));
    fleet.add(joined("h", new CostProfile(1e300, good, 1.0)));
    fleet.add(joined("i", new CostProfile(9.0, List.of(1.0, -1e-9, 1.0), 1.0)));
    fleet.add(joined("j", new CostProfile(9.0, List.of(1.0, Double.POSITIVE_INFINITY, 1.0), 1.0)));
    fleet.add(joined("k", new CostProfile(9.0, List.of(1.0, 1.0), 1.0)));
    fleet.add(joined("l", new CostProfile(9.0, good, 0.0)));
    fleet.add(joined("m", new CostProfile(9.0, good, Double.NaN)));
    fleet.add(joined("n", new CostProfile(9.0, good, Double.POSITIVE_INFINITY)));
    CostCoefficients cost = FleetCost.of(run(1), fleet).orElseThrow();
    assertThat(cost.getName()).isEqualTo("measured by 4 of 14 agents");
    assertThat(cost.getFixedSeconds()).isEqualTo(4.0);
    assertThat(FleetCost.of(run(1), fleet.subList(4, 14))).isEmpty();
  }

  private static AgentJoined joined(String agent, CostProfile profile) {
    return new AgentJoined("run", agent, Instant.EPOCH, 1, 1L, profile, ByteBuffer.allocate(0));
  }

  private static RunDefinition run(double fleetQuantile) {
    TrainingRun run =
        TrainingRun.newBuilder()
            .setRunId("run")
            .setCreatedAt(Instant.EPOCH)
            .setSeed(0)
            .setArchitecture(new Architecture("mlp", List.of(1, 8, 8), 3))
            .setLoss(Loss.SOFTMAX_CROSS_ENTROPY)
            .setTraining(new LocalTraining(5, 20, 0.1, 1.0))
            .setRounds(1)
            .setParticipation(new Participation(1, 1, 1000L, null))
            .setPruning(
                new PruningPolicy(
                    "prunefl",
                    1,
                    0.3,
                    1e4,
                    null,
                    Regrow.ZERO,
                    ImportanceRounds.EVERY_ROUND,
                    null,
                    null,
                    null))
            .setEvaluation(new Evaluation(1, EvaluationMode.CENTRAL))
            .setCost(new CostCoefficients("paper", 1.0, 1.0, List.of(1.0, 1.0, 1.0), fleetQuantile))
            .setEncoding(
                new Encodings(
                    TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, TensorEncoding.BFLOAT16))
            .build();
    return RunDefinition.of(run, 0);
  }
}
