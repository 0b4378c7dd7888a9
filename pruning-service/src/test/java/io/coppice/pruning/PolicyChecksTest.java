package io.coppice.pruning;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.schemas.InitialPruning;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.TrainingRun;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Definitions that are refused before the run starts, each with a sentence that says what is allowed. */
class PolicyChecksTest {

  private static final StartMask START = new StartMask("ticket", 3, ByteBuffer.allocate(32));

  @ParameterizedTest
  @CsvSource({
    "iterative, 0",
    "iterative, 1.5",
    "iterative, 1",
    "iterative, NaN",
    "iterative,",
    "snip, 0",
    "snip, 1.5",
    "snip, -0.1",
    "snip,",
    "fedtiny, 0",
    "fedtiny, 1.5",
    "fedtiny,",
    "fedrts, 0",
    "fedrts, 1.5",
    "fedrts,",
  })
  void densitiesOutOfRangeAreRefused(String policy, Double density) {
    assertRefused(
        PolicyRun.definition(policy, density),
        String.format(
            "Policy %s needs a target density above 0 and below 1, not %s.",
            policy, density == null ? "none" : density));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"iterative", "snip", "online", "fedtiny", "fedrts", "reinit", "random-reinit"})
  void initialPruningIsRefused(String policy) {
    TrainingRun.Builder definition = PolicyRun.definition(policy, 0.5);
    definition.setInitialPruning(new InitialPruning(20, 1, 1, 1, 0.5, 0.1, 5, 1000L));
    assertRefused(
        definition,
        "Policy "
            + policy
            + " lays down the mask of round 0 itself, so the run takes no initial pruning.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"iterative", "snip", "online"})
  void theMaskOfAnotherRunIsRefused(String policy) {
    assertRefused(
        PolicyRun.definition(policy, 0.5).setStart(START),
        "Policy " + policy + " starts from every weight, so the run takes no mask of another run.");
  }

  @Test
  void runsTooShortForTwentyPruningsAreRefused() {
    assertRefused(
        PolicyRun.definition("iterative", 0.1).setRounds(39),
        "Iterative pruning prunes 20 times in the first half of a run, so the run needs at least 40 rounds, not 39.");
    assertAccepted(PolicyRun.definition("iterative", 0.1).setRounds(40));
  }

  @Test
  void runsWithoutASecondEvaluationCannotBeControlled() {
    assertRefused(
        PolicyRun.definition("online", null).setRounds(10),
        "Policy online decides from the second evaluation on, after round 10, so the run needs more than 10 rounds.");
    assertAccepted(PolicyRun.definition("online", null).setRounds(11));
  }

  @Test
  void runsInWhichNothingWouldBeExchangedAreRefused() {
    assertRefused(
        PolicyRun.definition("fedtiny", 0.1).setRounds(149),
        "Policy fedtiny exchanges weights every 50 rounds up to round 49 of the run's 149, which is never: take more rounds or a shorter interval.");
    assertAccepted(PolicyRun.definition("fedtiny", 0.1).setRounds(150));
    assertRefused(
        PolicyRun.definition("fedrts", 0.1).setRounds(83),
        "Policy fedrts exchanges weights every 50 rounds up to round 49 of the run's 83, which is never: take more rounds or a shorter interval.");
    assertAccepted(PolicyRun.definition("fedrts", 0.1).setRounds(84));
  }

  @Test
  void fixedMasksNeedARunToTakeThemFrom() {
    assertRefused(
        PolicyRun.definition("reinit", null),
        "Policy reinit starts from the mask of a finished run, and the definition names none.");
    assertRefused(
        PolicyRun.definition("random-reinit", null).setInitialSeed(8L),
        "Policy random-reinit starts from the mask of a finished run, and the definition names none.");
    assertRefused(
        PolicyRun.definition("random-reinit", null).setStart(START),
        "Policy random-reinit starts from weights that the finished run has not had, and the definition names no seed for them.");
    assertAccepted(PolicyRun.definition("reinit", null).setStart(START));
    assertAccepted(PolicyRun.definition("random-reinit", null).setStart(START).setInitialSeed(8L));
  }

  @Test
  void aBoundThatMovesNeedsAMaximumNotBelowTheTarget() {
    assertRefused(
        PolicyRun.definition("prunefl", 0.1),
        "The bound on the density moves from the maximum density to the target density, so it needs"
            + " both, and a target of at most the maximum: they are none and 0.1.");
    TrainingRun.Builder definition = PolicyRun.definition("prunefl", 0.4);
    definition.getPruning().setMaxDensity(0.3);
    assertRefused(
        definition,
        "The bound on the density moves from the maximum density to the target density, so it needs"
            + " both, and a target of at most the maximum: they are 0.3 and 0.4.");
    definition.getPruning().setMaxDensity(0.4);
    assertAccepted(definition);
    assertAccepted(PolicyRun.definition("prunefl", null));
  }

  private static void assertRefused(TrainingRun.Builder definition, String sentence) {
    TrainingRun run = definition.build();
    assertThatThrownBy(() -> MaskPolicy.named(run.getPruning().getPolicy()).check(run))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(sentence);
  }

  private static void assertAccepted(TrainingRun.Builder definition) {
    TrainingRun run = definition.build();
    assertThatCode(() -> MaskPolicy.named(run.getPruning().getPolicy()).check(run))
        .doesNotThrowAnyException();
  }
}
