package io.coppice.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.nn.Loss;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.InitialPruning;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.TrainingRun;
import java.util.List;
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
    assertThat(run.schedule().isReconfiguration(4)).isTrue();
    assertThat(run.asksForImportance()).isTrue();
    assertThat(run.cost().roundSeconds(new int[] {1, 10, 100})).isEqualTo(1 + 5 + 10 * 6 + 100 * 7);
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
