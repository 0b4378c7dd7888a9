package io.coppice.console.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StepBenchmarkTest {

  /** A case that took 1, 2, 3 ... milliseconds times a factor, and writes down that it was called. */
  private static Turn counting(String name, double factor, List<String> calls) {
    return () -> {
      calls.add(name);
      long call = calls.stream().filter(name::equals).count();
      return new Timing(factor * call, 1 / (factor * call));
    };
  }

  @Test
  void theCasesTakeTurnsAfterTheirWarmUp() {
    List<String> calls = new ArrayList<>();
    List<Integer> done = new ArrayList<>();
    List<Integer> callsWhenDone = new ArrayList<>();
    new StepBenchmark(Duration.ZERO, 3)
        .run(
            List.of(counting("a", 1, calls), counting("b", 1, calls)),
            count -> {
              done.add(count);
              callsWhenDone.add(calls.size());
            });
    assertThat(done).containsExactly(0, 1, 2, 3);
    int warmUp = callsWhenDone.getFirst();
    assertThat(calls.subList(0, warmUp)).contains("a", "b");
    assertThat(calls.subList(warmUp, calls.size())).containsExactly("a", "b", "a", "b", "a", "b");
  }

  @Test
  void theFigureIsTheMedianOfTheRepetitionsAlone() {
    List<String> calls = new ArrayList<>();
    List<Integer> warmUp = new ArrayList<>();
    Turn turn = counting("a", 10, calls);
    List<Timing> odd =
        new StepBenchmark(Duration.ZERO, 5).run(List.of(turn), done -> warmUp.add(calls.size()));
    int first = warmUp.getFirst() + 1;
    assertThat(odd).containsExactly(new Timing(10.0 * (first + 2), 1 / (10.0 * (first + 2))));

    calls.clear();
    Timing even = new StepBenchmark(Duration.ZERO, 2).run(List.of(turn), done -> {}).getFirst();
    assertThat(even.millis()).isEqualTo(10 * (first + 0.5));
  }

  @Test
  void whatIsNotMeasuredStaysSo() {
    Timing timing =
        new StepBenchmark(Duration.ZERO, 3)
            .run(List.of(() -> new Timing(2, Double.NaN)), done -> {})
            .getFirst();
    assertThat(timing.millis()).isEqualTo(2);
    assertThat(timing.onceMillis()).isNaN();
  }

  @Test
  void warmingUpLastsAtLeastAsLongAsItShould() {
    long start = System.nanoTime();
    List<Long> warm = new ArrayList<>();
    new StepBenchmark(Duration.ofMillis(50), 1)
        .run(List.of(() -> new Timing(1, 1)), done -> warm.add(System.nanoTime()));
    assertThat(warm.getFirst() - start).isGreaterThanOrEqualTo(50_000_000);
  }
}
