package io.coppice.console.federation;

import io.coppice.console.UserError;
import io.coppice.console.progress.LiveDisplay;
import io.coppice.console.progress.PlainDisplay;
import io.coppice.console.progress.RunDisplay;
import io.coppice.console.progress.RunMonitor;
import io.coppice.schemas.RejectReason;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jline.terminal.TerminalBuilder;

/** Shows how a run goes, until it is complete or cannot go on. */
public final class RunWatch {

  private static final Duration DISPLAY_EVERY = Duration.ofMillis(250);

  /** The evaluation of the last round comes behind the end of the ledger, or never where nobody evaluates. */
  private static final Duration LAST_FIGURES = Duration.ofSeconds(10);

  private RunWatch() {}

  /**
   * Watches a run to its end.
   *
   * @throws UserError if it cannot go on
   * @throws InterruptedException if the thread was interrupted
   */
  public static void toTheEnd(
      RunMonitor monitor, Federation federation, RunAgents agents, PrintWriter out)
      throws InterruptedException {
    try (RunDisplay display = newDisplay(out)) {
      long shown = System.nanoTime() - DISPLAY_EVERY.toNanos();
      while (!monitor.isComplete()) {
        monitor.poll(DISPLAY_EVERY);
        if (System.nanoTime() - shown >= DISPLAY_EVERY.toNanos() || monitor.isComplete()) {
          display.show(monitor);
          shown = System.nanoTime();
        }
        check(monitor, federation, agents);
      }
    }
  }

  /**
   * Watches a run of others to its end.
   *
   * @param isEnough asked several times a second; watching ends as soon as it is
   * @return whether the run has ended; false if it was enough before
   */
  public static boolean whileOthersTrain(
      RunMonitor monitor, BooleanSupplier isEnough, PrintWriter out) {
    try (RunDisplay display = newDisplay(out)) {
      long ended = 0;
      while (!monitor.isComplete()
          && (ended == 0 || System.nanoTime() - ended < LAST_FIGURES.toNanos())) {
        if (isEnough.getAsBoolean()) {
          return false;
        }
        monitor.poll(DISPLAY_EVERY);
        if (monitor.hasReadHistory()) {
          display.show(monitor);
        }
        if (ended == 0 && monitor.finished().isPresent()) {
          ended = System.nanoTime();
        }
      }
      display.show(monitor);
      return true;
    }
  }

  /**
   * Whether it is worth going on.
   *
   * @throws UserError if the run cannot go on
   * @throws InterruptedException if the thread was interrupted
   */
  public static void check(RunMonitor monitor, Federation federation, RunAgents agents)
      throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted by the user");
    }
    federation.checkHealth();
    agents.checkHealth();
    monitor
        .stuckBecause()
        .ifPresent(
            first -> {
              throw UserError.failed(
                  String.format(
                      "Round %d cannot go on, because every update was rejected as %s: %s%s",
                      first.getRound(),
                      first.getReason(),
                      first.getDetail(),
                      first.getReason() == RejectReason.NON_FINITE
                          ? " A lower --learning-rate may help."
                          : ""),
                  null);
            });
  }

  private static RunDisplay newDisplay(PrintWriter out) {
    if (System.console() == null || !System.console().isTerminal()) {
      return new PlainDisplay(out);
    }
    try {
      return new LiveDisplay(TerminalBuilder.builder().system(true).build());
    } catch (IOException e) {
      return new PlainDisplay(out);
    }
  }
}
