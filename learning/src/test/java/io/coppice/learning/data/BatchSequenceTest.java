package io.coppice.learning.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BatchSequenceTest {

  @Test
  void theFirstEpochIsWrittenDown() {
    assertThat(new BatchSequence(10, 2024, "agent-3").indices(0, 2, 5))
        .containsExactly(7, 3, 1, 9, 8, 2, 6, 4, 0, 5);
  }

  @Property
  void roundsFollowOneAnotherThroughWholeEpochs(
      @ForAll @IntRange(min = 1, max = 50) int samples,
      @ForAll @IntRange(min = 1, max = 5) int steps,
      @ForAll @IntRange(min = 1, max = 30) int batchSize,
      @ForAll long seed) {
    int rounds = samples;
    int[] all =
        IntStream.range(0, rounds)
            .flatMap(
                r ->
                    Arrays.stream(
                        new BatchSequence(samples, seed, "a").indices(r, steps, batchSize)))
            .toArray();
    int[] everySample = IntStream.range(0, samples).toArray();
    for (int epoch = 0; epoch < steps * batchSize; epoch++) {
      assertThat(Arrays.copyOfRange(all, epoch * samples, (epoch + 1) * samples))
          .containsExactlyInAnyOrder(everySample);
    }
  }

  @Test
  void agentsSeedsAndEpochsDiffer() {
    int[] order = new BatchSequence(50, 1, "a").indices(0, 1, 50);
    assertThat(new BatchSequence(50, 1, "b").indices(0, 1, 50)).isNotEqualTo(order);
    assertThat(new BatchSequence(50, 2, "a").indices(0, 1, 50)).isNotEqualTo(order);
    assertThat(new BatchSequence(50, 1, "a").indices(1, 1, 50)).isNotEqualTo(order);
    assertThat(new BatchSequence(50, 1, "a").indices(0, 1, 50)).isEqualTo(order);
  }

  @Test
  void lateRoundsDoNotOverflow() {
    assertThat(Arrays.stream(new BatchSequence(7, 1, "a").indices(Integer.MAX_VALUE, 100, 1000)))
        .allMatch(index -> index >= 0 && index < 7);
  }

  @Test
  void noSamplesAreRefused() {
    assertThatThrownBy(() -> new BatchSequence(0, 1, "edge-7"))
        .hasMessage("Agent edge-7 has no samples; it needs at least 1 to train.");
  }
}
