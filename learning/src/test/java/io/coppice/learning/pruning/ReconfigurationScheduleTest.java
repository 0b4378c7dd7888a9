package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReconfigurationScheduleTest {

  @Test
  void publishedValuesReconfigureEveryFiftyRoundsFromRoundFifty() {
    assertThat(reconfigurations(10, 50, 201)).containsExactly(50, 100, 150, 200);
  }

  @Test
  void anIntervalThatIsNoMultipleOfTheEvaluationIntervalBecomesTheirLeastCommonMultiple() {
    assertThat(reconfigurations(10, 25, 200)).containsExactly(30, 80, 130, 180);
  }

  @Test
  void roundZeroNeverReconfigures() {
    assertThat(reconfigurations(1, 1, 4)).containsExactly(1, 2, 3);
  }

  @Test
  void decreaseHalvesEveryHalfLife() {
    assertThat(ReconfigurationSchedule.decrease(0, 0.3, 10_000)).isEqualTo(0.3);
    assertThat(ReconfigurationSchedule.decrease(10_000, 0.3, 10_000))
        .isCloseTo(0.15, within(1e-15));
  }

  @Test
  void intervalsBelowOneAreRefused() {
    assertThatThrownBy(() -> new ReconfigurationSchedule(1, 0))
        .hasMessageContaining("at least 1 round");
  }

  private static List<Integer> reconfigurations(
      int evaluateEvery, int reconfigureEvery, int rounds) {
    ReconfigurationSchedule schedule = new ReconfigurationSchedule(evaluateEvery, reconfigureEvery);
    return IntStream.range(0, rounds).filter(schedule::isReconfiguration).boxed().toList();
  }
}
