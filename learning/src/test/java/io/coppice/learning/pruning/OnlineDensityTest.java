package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.pruning.OnlineDensity.Observation;
import io.coppice.learning.pruning.OnlineDensity.Outcome;
import io.coppice.learning.random.SplitMix64;
import java.util.random.RandomGenerator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** All numbers are worked out by hand for 1000 weights: k from 2 to 1000, so the range is 998 wide. */
class OnlineDensityTest {

  /** Draws the number next to 1, so that whatever is rounded is rounded down. */
  private static final RandomGenerator DOWN = () -> -1L;

  /** Draws 0, so that whatever is no integer is rounded up. */
  private static final RandomGenerator UP = () -> 0L;

  /** Same losses, lower cost: 9 against 10. */
  private static final Observation CHEAPER = new Observation(2, 1, 1, 10, 9);

  /** Half the progress for 9 makes 18 for the same progress, against 10. */
  private static final Observation DEARER = new Observation(2, 1, 1.5, 10, 9);

  /** Half the progress for 5. */
  private static final Observation SAME = new Observation(2, 1, 1.5, 10, 5);

  /** The model has become worse. */
  private static final Observation WORSE = new Observation(2, 2, 1, 10, 9);

  private final OnlineDensity control = new OnlineDensity(1000);

  @Test
  void itBeginsWithAllWeightsAndNineTenths() {
    assertThat(control.k()).isEqualTo(1000);
    assertThat(control.auxiliary()).isEqualTo(900);
    assertThat(control.least()).isEqualTo(2);
    assertThat(control.most()).isEqualTo(1000);
    assertThat(new OnlineDensity(1005).auxiliary()).isEqualTo(905); // 904.5
  }

  @Test
  void fewerWeightsThatAreCheaperLowerThem() {
    // t = 8, step 998 / sqrt(16) = 249.5; k = 750.5; auxiliary = 750 - 124.75 = 625.25
    assertThat(control.step(7, CHEAPER, DOWN)).isEqualTo(Outcome.FEWER);
    assertThat(control.stepSize()).isEqualTo(249.5);
    assertThat(control.k()).isEqualTo(750);
    assertThat(control.auxiliary()).isEqualTo(625);
  }

  @Test
  void roundingIsAMatterOfChance() {
    // k = 750.5 up to 751; auxiliary = 751 - 124.75 = 626.25 up to 627
    control.step(7, CHEAPER, UP);
    assertThat(control.k()).isEqualTo(751);
    assertThat(control.auxiliary()).isEqualTo(627);
  }

  @Test
  void fewerWeightsThatAreDearerRaiseThemUpToAll() {
    // k = 1249.5 is clipped to 1000; auxiliary = 1000 - 124.75 = 875.25
    assertThat(control.step(7, DEARER, DOWN)).isEqualTo(Outcome.MORE);
    assertThat(control.k()).isEqualTo(1000);
    assertThat(control.auxiliary()).isEqualTo(875);
  }

  @Test
  void equalCostsChangeNothingButTheAuxiliaryNumber() {
    assertThat(control.step(7, SAME, DOWN)).isEqualTo(Outcome.EQUAL);
    assertThat(control.k()).isEqualTo(1000);
    assertThat(control.auxiliary()).isEqualTo(875);
  }

  @Test
  void itWaitsElevenStepsBeforeItRaises() {
    control.step(7, CHEAPER, DOWN);
    for (int round = 8; round <= 18; round++) {
      assertThat(control.step(round, WORSE, DOWN)).isEqualTo(Outcome.WAITED);
      assertThat(control.k()).isEqualTo(750);
    }
    // t = 20, step 998 / sqrt(40) = 157.80; k = 907.80; auxiliary = 907 - 78.90 = 828.10
    assertThat(control.step(19, WORSE, DOWN)).isEqualTo(Outcome.GAVE_UP);
    assertThat(control.stepSize()).isCloseTo(157.797, within(1e-3));
    assertThat(control.k()).isEqualTo(907);
    assertThat(control.auxiliary()).isEqualTo(828);
    assertThat(control.step(20, WORSE, DOWN)).isEqualTo(Outcome.WAITED);
  }

  @Test
  void anythingComparableEndsTheWait() {
    for (int round = 0; round < 11; round++) {
      control.step(round, WORSE, DOWN);
    }
    control.step(11, SAME, DOWN);
    assertThat(control.step(12, WORSE, DOWN)).isEqualTo(Outcome.WAITED);
  }

  @Test
  void lossesThatCannotBeComparedAreWaitedFor() {
    assertThat(control.step(0, new Observation(2, 1, 2, 10, 9), DOWN)).isEqualTo(Outcome.WAITED);
    assertThat(control.step(1, new Observation(2, Double.NaN, 1, 10, 9), DOWN))
        .isEqualTo(Outcome.WAITED);
    assertThat(control.step(2, new Observation(Double.POSITIVE_INFINITY, 1, 1, 10, 9), DOWN))
        .isEqualTo(Outcome.WAITED);
  }

  @Test
  void theAuxiliaryNumberIsAtLeastATenthOfTheLeast() {
    // t = 1, step 998 / sqrt(2) = 705.69; k = 294.31; auxiliary = 294 - 352.8 < 0.2, so ceil(0.2)
    control.step(0, CHEAPER, DOWN);
    assertThat(control.k()).isEqualTo(294);
    assertThat(control.auxiliary()).isEqualTo(1);
  }

  @Test
  void theAuxiliaryNumberIsLessThanTheOther() {
    // step 998 / sqrt(2 x 10^6) = 0.71; auxiliary = 1000 - 0.35 rounded up is 1000
    control.step(999_999, SAME, UP);
    assertThat(control.k()).isEqualTo(1000);
    assertThat(control.auxiliary()).isEqualTo(999);
  }

  @Test
  void kFallsToTheLeastAtMost() {
    // 294, then t = 2: step 499, so -205 is clipped to 2; auxiliary 2 - 249.5 becomes 1
    control.step(0, CHEAPER, DOWN);
    control.step(1, CHEAPER, DOWN);
    assertThat(control.k()).isEqualTo(2);
    assertThat(control.auxiliary()).isEqualTo(1);
  }

  @Test
  void twentyStepsInANarrowPlaceFitTheRange() {
    // k = 294 throughout: 294 / 1.5 = 196 to 294 x 1.5 = 441; 998 + 245 = 1243 <= 998 sqrt(2) =
    // 1411.4
    control.step(0, CHEAPER, DOWN);
    same(1, 18);
    assertThat(control.most()).isEqualTo(1000);
    same(19, 19);
    assertThat(control.least()).isEqualTo(196);
    assertThat(control.most()).isEqualTo(441);
    // t = 21, 1 after the reference: step 245 / sqrt(2) = 173.24; k = 120.76 is clipped to 196
    control.step(20, CHEAPER, DOWN);
    assertThat(control.stepSize()).isCloseTo(173.241, within(1e-3));
    assertThat(control.k()).isEqualTo(196);
    // auxiliary = 196 - 86.62 = 109.38, above a tenth of 196
    assertThat(control.auxiliary()).isEqualTo(109);
  }

  @Test
  void twentyStepsInAWidePlaceLeaveTheRange() {
    // k = 1000, then t = 2: 1000 - 499 = 501; 501 / 1.5 = 334 to 1000: 998 + 666 > 1411.4
    control.step(0, SAME, DOWN);
    control.step(1, CHEAPER, DOWN);
    assertThat(control.k()).isEqualTo(501);
    same(2, 19);
    assertThat(control.least()).isEqualTo(2);
    assertThat(control.most()).isEqualTo(1000);
    // The window has begun anew: 20 steps at 501 give 334 to 751.5, to even 752: 998 + 418 >
    // 1411.4.
    same(20, 39);
    assertThat(control.most()).isEqualTo(1000);
  }

  @Test
  void aRangeIsFittedAgainOnceItHasHeldAsLongAsTheOneBefore() {
    // 294 to round 11; t = 13: step 195.73, k = 98.27; 98 / 1.5 = 65.3 to 441: 998 + 376 <= 1411.4
    narrowTo98();
    same(13, 19);
    assertThat(control.least()).isEqualTo(65);
    assertThat(control.most()).isEqualTo(441);
    // 65 to 147: 376 + 82 <= 531.7, and 20 rounds are as many as before
    same(20, 39);
    assertThat(control.least()).isEqualTo(65);
    assertThat(control.most()).isEqualTo(147);
  }

  @Test
  void waitingRoundsAreNotStepsButTime() {
    narrowTo98();
    for (int round = 13; round <= 23; round++) {
      control.step(round, WORSE, DOWN);
    }
    same(24, 30);
    assertThat(control.most()).isEqualTo(441);
    // The range before has held for 31 rounds, this one for 20.
    same(31, 50);
    assertThat(control.most()).isEqualTo(441);
    same(51, 70);
    assertThat(control.most()).isEqualTo(147);
  }

  @Property(tries = 200)
  void theNumbersStayInRange(
      @ForAll @IntRange(min = 2, max = 100_000) int weights, @ForAll long seed) {
    OnlineDensity any = new OnlineDensity(weights);
    SplitMix64 random = new SplitMix64(seed);
    Observation[] observations = {CHEAPER, DEARER, SAME, WORSE};
    for (int round = 0; round < 300; round++) {
      any.step(round, observations[random.nextInt(4)], random);
      assertThat(any.k()).isBetween(2, weights);
      assertThat(any.auxiliary()).isBetween(1, any.k() - 1);
    }
  }

  @Test
  void aSingleWeightIsRefused() {
    assertThatThrownBy(() -> new OnlineDensity(1)).hasMessageContaining("at least 2, not 1");
  }

  private void narrowTo98() {
    control.step(0, CHEAPER, DOWN);
    same(1, 11);
    control.step(12, CHEAPER, DOWN);
    assertThat(control.k()).isEqualTo(98);
  }

  private void same(int from, int to) {
    for (int round = from; round <= to; round++) {
      control.step(round, SAME, DOWN);
    }
  }
}
