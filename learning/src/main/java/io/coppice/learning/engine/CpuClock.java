package io.coppice.learning.engine;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * The processor time of the calling thread. What neighbours take away for the moment is no property of a device, and in wall time
 * it would often exceed what is to be measured.
 */
public final class CpuClock {

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final boolean COUNTED =
      THREADS.isCurrentThreadCpuTimeSupported() && THREADS.isThreadCpuTimeEnabled();

  private CpuClock() {}

  /** Nanoseconds from an arbitrary start; of wall time on a machine that does not count a thread's own. */
  public static long nanos() {
    return COUNTED ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
  }
}
