package io.coppice.console.federation;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Turns SIGINT and SIGTERM into an interrupt of the thread that works, and lets it close what it has opened before the process ends. */
public final class ShutdownGuard implements AutoCloseable {

  private static final int PATIENCE_SECONDS = 30;

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook;

  /**
   * Guards the calling thread from now on.
   *
   * @param goodbye called after everything was closed because of a signal
   */
  public ShutdownGuard(Runnable goodbye) {
    Thread main = Thread.currentThread();
    hook = new Thread(() -> interruptAndWait(main, goodbye), "shutdown");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void interruptAndWait(Thread main, Runnable goodbye) {
    main.interrupt();
    try {
      if (closed.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        goodbye.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** To be called when everything is closed. */
  @Override
  public void close() {
    closed.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      Thread.interrupted(); // already shutting down: the hook is what has interrupted this thread
    }
  }
}
