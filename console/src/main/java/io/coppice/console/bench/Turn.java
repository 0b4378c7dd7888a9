package io.coppice.console.bench;

/** One case of a benchmark, called again and again in turns with the others. */
@FunctionalInterface
interface Turn {

  /** Does the case's work once more and says what it took. */
  Timing take();
}
