package io.coppice.embedded;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import org.apache.kafka.common.utils.Exit;

/**
 * Keeps Kafka from ending the process. A broker that meets a fatal fault (its disk is gone, its metadata cannot be applied)
 * halts the Java machine without a word to anybody, which is right for a program that is only a broker and wrong for one that
 * hosts it.
 *
 * <p>While an embedded broker runs, such a fault is reported to it instead, and the thread that met the fault returns. Kafka
 * has one pair of exit procedures a process, so with several brokers each of them is told. While none runs, Kafka's own
 * behaviour is in force.
 */
final class KafkaExits {

  private static final Set<IntConsumer> LISTENERS = ConcurrentHashMap.newKeySet();

  static {
    Exit.setExitProcedure(
        (status, message) -> {
          if (!tellListeners(status)) {
            System.exit(status);
          }
        });
    Exit.setHaltProcedure(
        (status, message) -> {
          if (!tellListeners(status)) {
            Runtime.getRuntime().halt(status);
          }
        });
  }

  private KafkaExits() {}

  /** Diverts exits to {@code listener}, which takes the status that Kafka meant to exit with, until it is removed. */
  static void divertTo(IntConsumer listener) {
    LISTENERS.add(listener);
  }

  static void remove(IntConsumer listener) {
    LISTENERS.remove(listener);
  }

  private static boolean tellListeners(int status) {
    boolean told = false;
    for (IntConsumer listener : LISTENERS) {
      listener.accept(status);
      told = true;
    }
    return told;
  }
}
