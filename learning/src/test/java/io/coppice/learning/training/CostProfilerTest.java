package io.coppice.learning.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.training.CostProfiler.Profile;
import io.coppice.learning.training.CostProfiler.Timed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class CostProfilerTest {

  private static final ParameterLayout LAYOUT =
      ParameterLayout.builder().weight("a", List.of(100, 10)).weight("b", List.of(50, 10)).build();
  private static final Profile TRUTH = new Profile(0.25, new double[] {2e-4, 7e-3});

  private final List<Timed> masks = masks();
  private final double[] seconds =
      masks.stream().mapToDouble(m -> TRUTH.roundSeconds(m.mask().keptPerLayer())).toArray();

  @Test
  void timesWithoutNoiseAreFittedExactly() {
    isTheTruth(CostProfiler.fit(masks, seconds));
  }

  @Test
  void oneMaskOfEachLayerMayBeFarOff() {
    seconds[2] *= 10; // of layer a
    seconds[5] += 100; // of layer b
    isTheTruth(CostProfiler.fit(masks, seconds));
  }

  @Test
  void aLayerThatSeemsToGetFasterWithMoreWeightsCostsNothing() {
    for (int m = 1; m < 5; m++) {
      seconds[m] = 10 - m;
    }
    Profile profile = CostProfiler.fit(masks, seconds);
    assertThat(profile.secondsPerWeight()[0]).isZero();
    assertThat(profile.secondsPerWeight()[1]).isCloseTo(7e-3, within(1e-12));
  }

  /** Times as before, but the first layer's share of them is about as large as the noise. */
  @Test
  void aLayerThatCannotBeToldFromNoiseCostsNothing() {
    double[] noise = {1, -1, 1.5, -0.5, 0.5, -1, 1, -1.5, 0.5};
    for (int m = 0; m < seconds.length; m++) {
      seconds[m] += noise[m] * 0.04;
    }
    Profile profile = CostProfiler.fit(masks, seconds);
    assertThat(profile.secondsPerWeight()[0]).isZero();
    assertThat(profile.secondsPerWeight()[1]).isCloseTo(7e-3, Percentage.withPercentage(10));
  }

  @Test
  void theFixedTimeIsNeverNegative() {
    for (int m = 0; m < seconds.length; m++) {
      seconds[m] -= 1;
    }
    assertThat(CostProfiler.fit(masks, seconds).fixedSeconds()).isZero();
  }

  /** Whatever the times are on this machine, they are times. */
  @Test
  void aNetworkIsMeasuredOnThisMachine() throws InterruptedException {
    Architecture mlp = Architecture.of("mlp", 1, 8, 8, 3);
    CostProfiler profiler =
        new CostProfiler(mlp, Loss.SOFTMAX_CROSS_ENTROPY, 4, 7, true, KernelPolicy.usual());
    Profile profile = profiler.measure(Duration.ofMillis(1), () -> false);
    assertThat(Arrays.stream(profile.secondsPerWeight()).boxed())
        .hasSize(3)
        .allMatch(s -> s >= 0 && s < 1);
    assertThat(profile.roundSeconds(new int[] {100, 100, 100})).isPositive().isFinite();
  }

  @Test
  void measuringEndsWhenItIsCancelledOrInterrupted() {
    CostProfiler profiler =
        new CostProfiler(
            Architecture.of("mlp", 1, 8, 8, 3),
            Loss.SOFTMAX_CROSS_ENTROPY,
            4,
            1,
            false,
            KernelPolicy.usual());
    assertThatThrownBy(() -> profiler.measure(Duration.ofDays(1), () -> true))
        .isInstanceOf(InterruptedException.class);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> profiler.measure(Duration.ofDays(1), () -> false))
        .isInstanceOf(InterruptedException.class);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  private static void isTheTruth(Profile profile) {
    assertThat(profile.fixedSeconds()).isCloseTo(0.25, Percentage.withPercentage(1e-6));
    assertThat(profile.secondsPerWeight()[0]).isCloseTo(2e-4, Percentage.withPercentage(1e-6));
    assertThat(profile.secondsPerWeight()[1]).isCloseTo(7e-3, Percentage.withPercentage(1e-6));
  }

  /** A base, and four masks each for two layers. */
  private static List<Timed> masks() {
    List<Timed> masks = new ArrayList<>(List.of(new Timed(-1, mask(20, 10))));
    for (int n : new int[] {100, 200, 300, 400}) {
      masks.add(new Timed(0, mask(n, 10)));
    }
    for (int n : new int[] {50, 100, 150, 200}) {
      masks.add(new Timed(1, mask(20, n)));
    }
    return masks;
  }

  private static Mask mask(int a, int b) {
    BitSet first = new BitSet();
    first.set(0, a);
    BitSet second = new BitSet();
    second.set(0, b);
    return Mask.of(LAYOUT, List.of(first, second));
  }
}
