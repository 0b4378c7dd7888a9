package io.coppice.pruning;

import io.coppice.schemas.RunContext;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread whose job is begun anew when it fails, until it ends by itself or is stopped. The jobs derive what to do from the log, so beginning anew is always right.
 */
final class Supervised {

  private static final Logger LOG = LoggerFactory.getLogger(Supervised.class);
  private static final Duration PAUSE = Duration.ofSeconds(2);

  /**
   * One attempt.
   *
   * @param work ends when all is done or it was stopped
   * @param stop makes it end soon
   */
  record Job(Runnable work, Runnable stop) {}

  private final Thread thread;
  private final String runId;
  private final Map<String, String> faults;
  private final AtomicInteger failures;
  private final Supplier<Job> jobs;
  private volatile Job job;
  private volatile boolean stopped;

  /**
   * @param runId the run that is worked on, for the log
   * @param faults takes a sentence under the name while an attempt has failed and the next has not begun
   * @param failures counts the attempts that failed
   */
  Supervised(
      String name,
      String runId,
      Map<String, String> faults,
      AtomicInteger failures,
      Supplier<Job> jobs) {
    this.runId = runId;
    this.faults = faults;
    this.failures = failures;
    this.jobs = jobs;
    this.thread = new Thread(this::supervise, name);
  }

  void start() {
    thread.start();
  }

  boolean isAlive() {
    return thread.isAlive();
  }

  void stop() {
    stopped = true;
    Job current = job;
    if (current != null) {
      current.stop().run();
    }
  }

  void join() {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void supervise() {
    try (RunContext _ = RunContext.of(runId)) {
      workUntilDone();
    }
  }

  private void workUntilDone() {
    while (!stopped) {
      try {
        job = jobs.get();
        if (!stopped) {
          job.work().run();
        }
        return;
      } catch (ProducerFencedException e) {
        // The group says whose the run is, and stops those who have lost it. Whoever is not stopped
        // was fenced by one who does not know yet.
        LOG.info("{}: another instance is at it; trying again", thread.getName());
        pause();
      } catch (RuntimeException | Error e) {
        if (stopped) {
          LOG.debug("{}: ended while being stopped", thread.getName(), e);
          return;
        }
        failures.incrementAndGet();
        faults.put(thread.getName(), thread.getName() + ": " + e.getMessage());
        LOG.error("{} failed and begins anew: {}", thread.getName(), e.getMessage(), e);
        pause();
        faults.remove(thread.getName());
      }
    }
  }

  private void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      stopped = true;
    }
  }
}
