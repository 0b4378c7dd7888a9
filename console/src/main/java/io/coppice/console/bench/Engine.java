package io.coppice.console.bench;

import io.coppice.learning.model.Mask;

/** A network that trains or infers in one of the {@link Variant variants}. One thread. */
interface Engine extends AutoCloseable {

  /**
   * Takes the model under a mask and does so many steps or forward passes with it.
   *
   * @param units at least 1
   * @param importance whether every weight's importance is collected beside; only where the engine trains
   */
  void run(Mask mask, int units, boolean importance);

  @Override
  void close();
}
