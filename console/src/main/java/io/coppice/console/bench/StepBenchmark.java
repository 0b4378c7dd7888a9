package io.coppice.console.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Times cases in turns: after a warm-up of each, every repetition takes each case once, and a case's figure is the median of
 * its repetitions. Whatever disturbs the machine for a while meets all cases alike, so their ratios hold where milliseconds do
 * not.
 */
final class StepBenchmark {

  /** The compilers of the Java machine settle after some thirty steps; a turn has eight. */
  private static final int WARM_UP_TURNS = 5;

  private final Duration warmUp;
  private final int repeats;

  /**
   * @param warmUp how long every case is run at least before anything is timed
   * @param repeats turns of every case, at least 1
   */
  StepBenchmark(Duration warmUp, int repeats) {
    this.warmUp = warmUp;
    this.repeats = repeats;
  }

  /**
   * Times the cases.
   *
   * @param done is told the number of repetitions done, from 0, which is when all cases are warm
   * @return a figure a case, in their order
   */
  List<Timing> run(List<Turn> cases, IntConsumer done) {
    cases.forEach(this::warmUp);
    done.accept(0);
    List<List<Timing>> timings = new ArrayList<>();
    cases.forEach(turn -> timings.add(new ArrayList<>()));
    for (int repeat = 1; repeat <= repeats; repeat++) {
      for (int i = 0; i < cases.size(); i++) {
        timings.get(i).add(cases.get(i).take());
      }
      done.accept(repeat);
    }
    return timings.stream().map(Timing::median).toList();
  }

  private void warmUp(Turn turn) {
    long start = System.nanoTime();
    for (int i = 0; i < WARM_UP_TURNS || System.nanoTime() - start < warmUp.toNanos(); i++) {
      turn.take();
    }
  }
}
