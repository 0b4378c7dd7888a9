package io.coppice.console.progress;

/** Shows a run while it goes on. */
public interface RunDisplay extends AutoCloseable {

  /** Shows what is known now; called several times a second. */
  void show(RunMonitor monitor);

  /** Leaves the output as it is, ready for other text. */
  @Override
  void close();
}
