package io.coppice.console.bench;

import io.coppice.learning.engine.CpuClock;
import io.coppice.learning.model.Mask;

/**
 * Takes the CPU time of an engine under a mask, in this thread, which is the only one that computes.
 *
 * <p>A run of an engine is some work done once, and its steps. Two runs that differ only in the number of steps tell the two
 * apart. An untimed run before them takes on the mask, so that neither pays for building what a sparse layer needs.
 */
final class EngineTurn implements Turn {

  private final Engine engine;
  private final Mask mask;
  private final boolean importance;

  /**
   * @param importance whether it is collected
   */
  EngineTurn(Engine engine, Mask mask, boolean importance) {
    this.engine = engine;
    this.mask = mask;
    this.importance = importance;
  }

  @Override
  public Timing take() {
    engine.run(mask, 1, importance);
    double one = millis(1);
    double unit = (millis(1 + Workload.UNITS) - one) / Workload.UNITS;
    return new Timing(unit, one - unit);
  }

  private double millis(int units) {
    long start = CpuClock.nanos();
    engine.run(mask, units, importance);
    return (CpuClock.nanos() - start) / 1e6;
  }
}
