package io.coppice.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.DecisionRounds;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.CostProfile;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.InitialPruning;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RunDefinitionTest {

  private final RunDefinition run = TestRecords.run(Regrow.ZERO);

  @Test
  void everySecondRoundAndTheLastAreEvaluated() {
    assertThat(IntStream.range(-1, 10).filter(run::isEvaluated)).containsExactly(0, 2, 4, 6, 8, 9);
  }

  @Test
  void initialPruningIsTheRoundBeforeTheFirst() {
    assertThat(run.firstRound()).isZero();
    TrainingRun pruned =
        TestRecords.definition(Regrow.ZERO)
            .setInitialPruning(new InitialPruning(10, 5, 1, 1, 0.1, 0.1, 5, 1000L))
            .build();
    assertThat(RunDefinition.of(pruned, 0).firstRound()).isEqualTo(-1);
  }

  @Test
  void theStepDecaysFromRoundToRound() {
    assertThat(run.learningRate(-1)).isEqualTo(0.1);
    assertThat(run.learningRate(0)).isEqualTo(0.1);
    assertThat(run.learningRate(2)).isCloseTo(0.025, within(1e-15));
  }

  @Test
  void whatFollowsFromTheRecordIsThere() {
    assertThat(run.id()).isEqualTo("run");
    assertThat(run.since()).isEqualTo(42);
    assertThat(run.lastRound()).isEqualTo(9);
    assertThat(run.samplesPerRound()).isEqualTo(100);
    assertThat(run.shards().valuesPerShard()).isEqualTo(9000);
    assertThat(run.loss()).isEqualTo(Loss.BCE_WITH_LOGITS);
    assertThat(run.decisions()).isEqualTo(new DecisionRounds(4, 4, 9));
    assertThat(run.upload()).isEqualTo(DecisionUpload.IMPORTANCE);
    assertThat(run.cost().roundSeconds(new int[] {1, 10, 100})).isEqualTo(1 + 5 + 10 * 6 + 100 * 7);
  }

  @Test
  void theScheduleIsThePolicysWhereItHasLaidItDown() {
    TrainingRun.Builder definition = TestRecords.definition(Regrow.ZERO);
    definition.getPruning().setDecisions(new DecisionSchedule(3, 2, 6, DecisionUpload.GRADIENT));
    RunDefinition scheduled = RunDefinition.of(definition.build(), 0);
    assertThat(IntStream.range(-1, 10).filter(scheduled::newMaskAfter).boxed())
        .containsExactly(-1, 3, 5);
    assertThat(scheduled.upload()).isEqualTo(DecisionUpload.GRADIENT);
    assertThat(scheduled.accumulatesImportance()).isFalse();
  }

  @Test
  void initialWeightsMayHaveASeedOfTheirOwn() {
    TrainingRun.Builder definition = TestRecords.definition(Regrow.ZERO);
    float[] usual = RunDefinition.of(definition.build(), 0).initialParameters();
    float[] other = RunDefinition.of(definition.setInitialSeed(2L).build(), 0).initialParameters();
    float[] same = RunDefinition.of(definition.setInitialSeed(1L).build(), 0).initialParameters();
    assertThat(same).isEqualTo(usual);
    assertThat(other).isNotEqualTo(usual);
  }

  @Test
  void theCostIsThatOfTheMaskWhereItHasOne() {
    MaskPublished mask = TestRecords.published(1, 3, Mask.full(run.layout()));
    assertThat(run.cost(mask).name()).isEqualTo("test");
    mask.setCost(new CostCoefficients("measured", 9.0, 8.0, List.of(7.0, 6.0, 5.0), 1.0));
    assertThat(run.cost(mask).name()).isEqualTo("measured");
    assertThat(run.cost(mask).roundSeconds(new int[] {1, 10, 100}))
        .isEqualTo(9 + 15 + 10 * 14 + 100 * 13);
  }

  @Test
  void aLinkTakesItsTimeForTheBytesThatTheRunSendsAndReads() {
    TrainingRun.Builder halved = TestRecords.definition(Regrow.ZERO);
    halved.getEncoding().setDelta(TensorEncoding.BFLOAT16);
    CostModel cost =
        RunDefinition.of(halved.build(), 0)
            .cost("agent", new CostProfile(1.5, List.of(1.0, 2.0, 3.0), 1000.0));
    assertThat(cost.fixedSeconds()).isEqualTo(1.5);
    assertThat(cost.communicationSecondsPerWeight()).isEqualTo(6e-3);
    assertThat(cost.computationSecondsPerWeight()).containsExactly(1, 2, 3);
  }

  @Test
  void importanceIsAccumulatedUnlessThePolicyOrTheRunNeedsNone() {
    assertThat(run.accumulatesImportance()).isTrue();
    TrainingRun.Builder lastRound = TestRecords.definition(Regrow.ZERO);
    lastRound.getPruning().setImportance(ImportanceRounds.LAST_ROUND);
    assertThat(RunDefinition.of(lastRound.build(), 0).accumulatesImportance()).isFalse();
    TrainingRun.Builder conventional = TestRecords.definition(Regrow.ZERO);
    conventional.getPruning().setPolicy(RunDefinition.CONVENTIONAL);
    assertThat(RunDefinition.of(conventional.build(), 0).accumulatesImportance()).isFalse();
  }

  @Test
  void theFleetIsAskedOnlyWhereTheRunSaysSo() {
    assertThat(run.fleetQuantile()).isEmpty();
    TrainingRun.Builder measured = TestRecords.definition(Regrow.ZERO);
    measured.getCost().setFleetQuantile(0.9);
    assertThat(RunDefinition.of(measured.build(), 0).fleetQuantile()).hasValue(0.9);
  }

  @Test
  void whatMayBeNegativeTravelsInAnEncodingWithASign() {
    refuses(
        run -> run.getEncoding().setDelta(TensorEncoding.UFLOAT8),
        "The run's encoding.delta is one of FLOAT32 and BFLOAT16, because its values may be negative, and not UFLOAT8.");
    refuses(
        run -> run.getEncoding().setAggregate(TensorEncoding.SPARSE_UFLOAT8),
        "The run's encoding.aggregate is one of FLOAT32 and BFLOAT16, because its values may be negative, and not SPARSE_UFLOAT8.");
    for (DecisionUpload upload : List.of(DecisionUpload.GRADIENT, DecisionUpload.VOTES)) {
      refuses(
          run -> {
            run.getEncoding().setImportance(TensorEncoding.UFLOAT8);
            run.getPruning().setDecisions(new DecisionSchedule(3, 2, 6, upload));
          },
          "The run's encoding.importance is one of FLOAT32 and BFLOAT16, because its values may be negative, and not UFLOAT8.");
    }
    TrainingRun.Builder importance = TestRecords.definition(Regrow.ZERO);
    importance.getEncoding().setImportance(TensorEncoding.UFLOAT8);
    assertThat(RunDefinition.of(importance.build(), 0).upload())
        .isEqualTo(DecisionUpload.IMPORTANCE);
  }

  @Test
  void aShareOfImportanceIsAFractionAndSparseBlocksHaveABound() {
    for (double share : new double[] {0, -0.1, 1.1, Double.NaN}) {
      refuses(
          run -> run.getPruning().setImportanceShare(share),
          "The run's pruning.importanceShare lies in (0, 1] and is not " + share + ".");
    }
    refuses(
        run -> {
          run.getEncoding().setImportance(TensorEncoding.SPARSE_UFLOAT8);
          run.setShardValues(2_000_000);
        },
        "The run's shardValues is at most 1048576 where importance travels in SPARSE_UFLOAT8, not 2000000.");
  }

  private static void refuses(Consumer<TrainingRun.Builder> bend, String sentence) {
    TrainingRun.Builder bent = TestRecords.definition(Regrow.ZERO);
    bend.accept(bent);
    assertThatThrownBy(() -> RunDefinition.of(bent.build(), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(sentence);
  }

  @Test
  void anUnknownNetworkIsRefused() {
    TrainingRun unknown =
        TestRecords.definition(Regrow.ZERO)
            .setArchitecture(new Architecture("resnet", List.of(1, 4, 4), 3))
            .build();
    assertThatThrownBy(() -> RunDefinition.of(unknown, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("resnet");
  }
}
