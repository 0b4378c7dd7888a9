package io.coppice.console.progress;

import static io.coppice.console.progress.Figures.bytes;
import static io.coppice.console.progress.Figures.clock;
import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;

import io.coppice.schemas.InitialPruningProgress;
import io.coppice.schemas.RoundEvaluated;
import io.coppice.schemas.RunStopped;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/** One line for every evaluated round, and when the run is stopped and goes on: for output that is no terminal. */
public final class PlainDisplay implements RunDisplay {

  /** Local rounds of initial pruning between two lines. */
  private static final int PRUNING_LINE_EVERY = 50;

  private final PrintWriter out;
  private final String label;
  private int printedRound = -1;
  private int printedLocalRound;
  private RunStopped printedStop;

  public PlainDisplay(PrintWriter out) {
    this(out, "");
  }

  /**
   * @param label what every line begins with
   */
  public PlainDisplay(PrintWriter out, String label) {
    this.out = out;
    this.label = label;
  }

  @Override
  public void show(RunMonitor monitor) {
    showInitialPruning(monitor);
    for (int r = printedRound + 1; r <= monitor.lastClosedRound(); r++) {
      if (!monitor.run().isEvaluated(r)) {
        continue;
      }
      Optional<RoundProgress> round = monitor.round(r);
      if (round.isPresent() && round.get().evaluated().isPresent()) {
        print(monitor, round.get());
      } else if (monitor.newestEvaluation().map(RoundEvaluated::getRound).orElse(-1) <= r) {
        break; // its evaluation or its mask is on the way; later rounds wait for their turn
      }
      printedRound = r;
    }
    showStop(monitor);
  }

  private void showStop(RunMonitor monitor) {
    RunStopped stop = monitor.stopped().orElse(null);
    boolean over = monitor.lastClosedRound() == monitor.run().lastRound();
    if (!over && !Objects.equals(stop, printedStop)) {
      printedStop = stop;
      out.printf("%s%s%n", label, stop == null ? "resumed" : StopText.of(stop));
      out.flush();
    }
  }

  private void showInitialPruning(RunMonitor monitor) {
    Optional<InitialPruningProgress> progress = monitor.initialPruning();
    if (progress.isPresent()
        && progress.get().getLocalRound() / PRUNING_LINE_EVERY
            > printedLocalRound / PRUNING_LINE_EVERY) {
      InitialPruningProgress p = progress.get();
      printedLocalRound = p.getLocalRound();
      out.printf(
          "%sinitial pruning by %s: local round %d, training accuracy %s, density %s%n",
          label,
          p.getAgentId(),
          p.getLocalRound(),
          decimals(p.getTrainAccuracy(), 3),
          decimals(p.getDensity(), 4));
      out.flush();
    }
  }

  private void print(RunMonitor monitor, RoundProgress round) {
    RoundEvaluated evaluated = round.evaluated().orElseThrow();
    OptionalDouble left = TimeLeft.seconds(monitor);
    out.printf(
        "%sround %d of %d: accuracy %s, loss %s, density %s, %s active parameters, %s up, %s down, %s s a round%s%n",
        label,
        round.round(),
        monitor.run().lastRound(),
        decimals(evaluated.getAccuracy(), 4),
        decimals(evaluated.getLoss(), 4),
        decimals(round.density(), 4),
        count(round.activeParameters()),
        bytes(round.bytesUp()),
        bytes(round.bytesDown()),
        decimals(TimeLeft.recentSecondsPerRound(monitor), 2),
        left.isPresent() && left.getAsDouble() > 0
            ? ", " + clock(left.getAsDouble()) + " left"
            : "");
    out.flush();
  }

  @Override
  public void close() {
    out.flush();
  }
}
