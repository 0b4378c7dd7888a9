package io.coppice.pruning;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Lets few of an instance's workers read the history of their runs at a time. After a restart there is a worker for every run in the
 * log, finished ones too, and each would hold what it has read ahead, and a model: the heap would have to grow with the log.
 */
final class CatchingUp {

  /** As many as do not wait for one that has much to read. */
  static final int WORKERS = 4;

  private static final long LOOK_MILLIS = 100;

  private final Semaphore places = new Semaphore(WORKERS, true);

  /**
   * Waits for a place, in the order of those who ask.
   *
   * @param stopped true when the place is not wanted any more; looked at several times a second
   * @return to be closed when the history has been read, and again without harm; holds nothing if stopped
   */
  Place take(BooleanSupplier stopped) {
    boolean taken = false;
    try {
      while (!taken && !stopped.getAsBoolean()) {
        taken = places.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return new Place(taken);
  }

  /** A worker's right to read on; used by one thread. */
  final class Place implements AutoCloseable {

    private boolean held;

    private Place(boolean held) {
      this.held = held;
    }

    /** Whether there is such a right; false once it was given back. */
    boolean isHeld() {
      return held;
    }

    /** Gives it back. */
    @Override
    public void close() {
      if (held) {
        held = false;
        places.release();
      }
    }
  }
}
