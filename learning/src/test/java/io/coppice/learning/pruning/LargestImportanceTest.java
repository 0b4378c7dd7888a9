package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.nn.Architecture;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class LargestImportanceTest {

  private static final ParameterLayout LAYOUT = Architecture.of("lenet5", 1, 28, 28, 10).layout();

  @Property(tries = 50)
  void ofThePrunedWeightsTheShareOfLargestImportanceIsLeft(
      @ForAll @DoubleRange(min = 0, max = 1) double density,
      @ForAll @DoubleRange(min = 0, max = 1) double share,
      @ForAll("levels") int levels,
      @ForAll long seed) {
    Mask mask = RandomMask.of(LAYOUT, density, seed);
    float[] importance = importance(levels, seed);
    float[] kept = importance.clone();
    LargestImportance.keep(mask, kept, share);

    float[] active = mask.factors();
    List<Integer> pruned =
        IntStream.range(0, active.length)
            .filter(i -> active[i] == 0)
            .boxed()
            .sorted(Comparator.comparing((Integer i) -> -importance[i]).thenComparing(i -> i))
            .toList();
    float[] expected = importance.clone();
    pruned.stream().skip((int) (share * pruned.size())).forEach(i -> expected[i] = 0);
    assertThat(kept).isEqualTo(expected);
  }

  @Test
  void nothingIsLeftOutWhereNothingIsPruned() {
    float[] importance = importance(1000, 1);
    float[] kept = importance.clone();
    LargestImportance.keep(Mask.full(LAYOUT), kept, 0);
    assertThat(kept).isEqualTo(importance);
  }

  /** What is no number has to reach the aggregator, which refuses it. */
  @Test
  void whatIsNotANumberIsLargerThanAnyNumber() {
    Mask mask = RandomMask.of(LAYOUT, 0.5, 1);
    float[] factors = mask.factors();
    int pruned =
        IntStream.range(0, factors.length).filter(i -> factors[i] == 0).max().orElseThrow();
    float[] importance = importance(1000, 1);
    importance[pruned] = Float.NaN;
    LargestImportance.keep(mask, importance, 0.001);
    assertThat(importance[pruned]).isNaN();
  }

  @Test
  void shareAndLengthAreChecked() {
    Mask mask = Mask.full(LAYOUT);
    assertThatThrownBy(() -> LargestImportance.keep(mask, new float[LAYOUT.size()], 1.5))
        .hasMessage("The share of pruned weights is at least 0 and at most 1, not 1.5.");
    assertThatThrownBy(() -> LargestImportance.keep(mask, new float[LAYOUT.size()], Double.NaN))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> LargestImportance.keep(mask, new float[3], 0.5))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** How many values there are: few make ties. */
  @Provide
  Arbitrary<Integer> levels() {
    return Arbitraries.of(1, 2, 5, 1 << 20);
  }

  private static float[] importance(int levels, long seed) {
    java.util.SplittableRandom random = new java.util.SplittableRandom(seed);
    float[] importance = new float[LAYOUT.size()];
    for (int i = 0; i < importance.length; i++) {
      importance[i] = random.nextInt(levels) / 8f;
    }
    return importance;
  }
}
