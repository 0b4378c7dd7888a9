package io.coppice.console.progress;

import java.io.PrintWriter;
import java.util.Locale;

/** How far a long computation is, in one line of a terminal that is written anew; nothing where there is no terminal. */
public final class ProgressLine implements AutoCloseable {

  /** What takes no longer needs no progress. */
  private static final long PATIENCE_NANOS = 1_000_000_000L;

  private static final long INTERVAL_NANOS = 200_000_000L;
  private static final int BAR_WIDTH = 30;

  private final PrintWriter terminal;
  private final String what;
  private final boolean isTerminal;
  private final long started = System.nanoTime();
  private long due = started + PATIENCE_NANOS;
  private int width;

  /**
   * @param terminal what the line is written to
   * @param what is being done, such as {@code batches of 20}
   */
  public ProgressLine(PrintWriter terminal, String what) {
    this.terminal = terminal;
    this.what = what;
    this.isTerminal = System.console() != null && System.console().isTerminal();
  }

  /**
   * Shows a fraction.
   *
   * @param fraction in [0, 1]
   */
  public void show(double fraction) {
    if (!isTerminal || System.nanoTime() < due) {
      return;
    }
    String line = line(fraction);
    terminal.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
    terminal.flush();
    width = line.length();
    due = System.nanoTime() + INTERVAL_NANOS;
  }

  private String line(double fraction) {
    int full = (int) (BAR_WIDTH * fraction);
    double seconds = (System.nanoTime() - started) / 1e9;
    return String.format(
        Locale.ROOT,
        "%s %s%s %3.0f %%%s",
        what,
        "█".repeat(full),
        "·".repeat(BAR_WIDTH - full),
        100 * fraction,
        fraction > 0 ? "   " + Figures.clock(seconds * (1 - fraction) / fraction) + " left" : "");
  }

  /** Wipes the line, so that something else can be printed in its place; the next {@link #show} brings it back. */
  public void wipe() {
    if (width > 0) {
      terminal.print("\r" + " ".repeat(width) + "\r");
      terminal.flush();
      width = 0;
      due = 0;
    }
  }

  @Override
  public void close() {
    wipe();
  }
}
