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
  void cosineDecreaseFallsFromTheWholeToNothing() {
    assertThat(ReconfigurationSchedule.cosineDecrease(0, 0.2, 100)).isEqualTo(0.2);
    assertThat(ReconfigurationSchedule.cosineDecrease(50, 0.2, 100)).isCloseTo(0.1, within(1e-15));
    assertThat(ReconfigurationSchedule.cosineDecrease(100, 0.2, 100)).isZero();
    assertThat(ReconfigurationSchedule.cosineDecrease(150, 0.2, 100)).isZero();
  }

  @Test
  void decisionRoundsAreCountedUpToTheLast() {
    assertThat(new DecisionRounds(10, 7, 30).count()).isEqualTo(3);
    assertThat(new DecisionRounds(10, 7, 31).count()).isEqualTo(4);
    assertThat(DecisionRounds.NONE.count()).isZero();
    assertThat(DecisionRounds.NONE.contains(0)).isFalse();
  }

  @Test
  void anIntervalBeyondAllRoundsIsNever() {
    int longest = Integer.MAX_VALUE;
    assertThat(ReconfigurationSchedule.adaptive(2, longest, 999).count()).isZero();
    assertThat(ReconfigurationSchedule.adaptive(999, 1000, 999).count()).isZero();
    assertThat(ReconfigurationSchedule.adaptive(longest - 1, longest, longest).count()).isOne();
  }

  @Test
  void intervalsBelowOneAreRefused() {
    assertThatThrownBy(() -> ReconfigurationSchedule.adaptive(1, 0, 10))
        .hasMessageContaining("at least 1 round");
  }

  private static List<Integer> reconfigurations(
      int evaluateEvery, int reconfigureEvery, int rounds) {
    DecisionRounds decisions =
        ReconfigurationSchedule.adaptive(evaluateEvery, reconfigureEvery, rounds - 1);
    return IntStream.range(0, rounds + 100).filter(decisions::contains).boxed().toList();
  }
}
