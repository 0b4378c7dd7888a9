package io.coppice.console.progress;

import java.util.OptionalDouble;

/** When a run will be done, by its newest rounds. */
public final class TimeLeft {

  private static final int NEWEST_ROUNDS = 10;

  private TimeLeft() {}

  /** Mean seconds of the newest rounds; 0 before there is one. */
  public static double recentSecondsPerRound(RunMonitor monitor) {
    int last = monitor.lastClosedRound();
    double sum = 0;
    int count = 0;
    for (int r = Math.max(0, last - NEWEST_ROUNDS + 1); r <= last; r++) {
      var round = monitor.round(r);
      if (round.isPresent()) {
        sum += round.get().seconds();
        count++;
      }
    }
    return count == 0 ? 0 : sum / count;
  }

  /** Seconds until the last round; empty before the first has closed. */
  public static OptionalDouble seconds(RunMonitor monitor) {
    if (monitor.lastClosedRound() < 0) {
      return OptionalDouble.empty();
    }
    int left = monitor.run().lastRound() - monitor.lastClosedRound();
    return OptionalDouble.of(left * recentSecondsPerRound(monitor));
  }
}
