package io.coppice.agent;

import io.coppice.replay.RunDefinition;
import java.time.Duration;

/**
 * How long an agent's transaction may stay open before the brokers abort it.
 *
 * <p>Whoever reads committed records waits for the oldest open transaction of a partition, so an agent that dies or is cut off while it
 * submits keeps every other update behind its own from being counted for this long. It has the time that a dense update takes over a
 * thin link, but not longer than a round waits: what is not there at the deadline comes too late in any case.
 */
final class UploadTime {

  /** Brokers take no more by default ({@code transaction.max.timeout.ms}). */
  private static final Duration MOST = Duration.ofMinutes(15);

  /** A busy cluster may take this long for an update of any size. */
  private static final Duration LEAST = Duration.ofSeconds(5);

  private static final Duration USUAL = Duration.ofSeconds(15);

  /** 2 Mbit/s. */
  private static final long THIN_LINK_BYTES_PER_SECOND = 250_000;

  private UploadTime() {}

  /** For a run's agents, 5 s to 15 min. */
  static Duration of(RunDefinition run) {
    long dense = 2L * run.layout().size() * Float.BYTES; // a delta, and importance beside it
    return bound(dense, Duration.ofMillis(run.run().getParticipation().getDeadlineMillis()));
  }

  /**
   * @param bytes of the largest update
   * @param deadline of a round
   */
  static Duration bound(long bytes, Duration deadline) {
    Duration upload = USUAL.plusSeconds(bytes / THIN_LINK_BYTES_PER_SECOND);
    Duration useful = upload.compareTo(deadline) < 0 ? upload : deadline;
    if (useful.compareTo(LEAST) < 0) {
      return LEAST;
    }
    return useful.compareTo(MOST) < 0 ? useful : MOST;
  }
}
