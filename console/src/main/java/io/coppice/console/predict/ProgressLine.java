package io.coppice.console.predict;

import java.io.PrintWriter;
import java.util.Locale;

/** How far a long computation is, in one line of a terminal that is written anew; nothing where there is no terminal. */
final class ProgressLine implements AutoCloseable {

  /** What takes no longer needs no progress. */
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  private static final long INTERVAL_NANOS = 200_000_000L;

  private final PrintWriter terminal;
  private final String what;
  private final boolean isTerminal;
  private long due = System.nanoTime() + PATIENCE_NANOS;
  private int width;

  ProgressLine(PrintWriter terminal, String what) {
    this.terminal = terminal;
    this.what = what;
    this.isTerminal = System.console() != null && System.console().isTerminal();
  }

  /**
   * Shows a fraction.
   *
   * @param fraction in [0, 1]
   */
  void show(double fraction) {
    if (!isTerminal || System.nanoTime() < due) {
      return;
    }
    String line = String.format(Locale.ROOT, "%s: %.0f %%", what, 100 * fraction);
    terminal.print("\r" + line);
    terminal.flush();
    width = Math.max(width, line.length());
    due = System.nanoTime() + INTERVAL_NANOS;
  }

  /** Wipes the line. */
  @Override
  public void close() {
    if (width > 0) {
      terminal.print("\r" + " ".repeat(width) + "\r");
      terminal.flush();
    }
  }
}
