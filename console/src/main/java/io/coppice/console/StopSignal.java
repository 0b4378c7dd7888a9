package io.coppice.console;

import java.util.concurrent.CountDownLatch;

/**
 * Tells a command that waits for SIGINT or SIGTERM that one has come, and keeps the process alive until it has closed what it has
 * opened. Then the process ends with the signal's exit code.
 */
final class StopSignal implements AutoCloseable {

  private final CountDownLatch given = new CountDownLatch(1);
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook = new Thread(this::giveAndWait, "shutdown");

  StopSignal() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void giveAndWait() {
    given.countDown();
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  boolean isGiven() {
    return given.getCount() == 0;
  }

  void await() throws InterruptedException {
    given.await();
  }

  /** To be called when everything is closed. */
  @Override
  public void close() {
    closed.countDown();
    if (!isGiven()) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        given.countDown(); // it came just now: the hook runs, and has nothing to wait for
      }
    }
  }
}
