package io.coppice.replay;

import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateSubmitted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.errors.SerializationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What agents have submitted to a run, be it admitted or not. */
public final class Submissions {

  private static final Logger LOG = LoggerFactory.getLogger(Submissions.class);
  private static final Duration POLL = Duration.ofMillis(250);

  private Submissions() {}

  /**
   * Reads the submissions that the log holds of a run now, in their order there.
   *
   * @param since milliseconds since the epoch; those that the broker stamped before it are left out
   */
  public static List<UpdateSubmitted> since(
      long since, ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    List<UpdateSubmitted> submissions = new ArrayList<>();
    try (LogReader reader = new LogReader(cluster)) {
      int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.SUBMISSIONS));
      reader.followSince(Topic.SUBMISSIONS, partition, since);
      while (!reader.hasReachedEnd()) {
        for (Entry entry : reader.poll(POLL)) {
          if (run.id().equals(entry.key())) {
            decode(entry, serdes)
                .filter(submission -> submission.getRunId().equals(run.id()))
                .ifPresent(submissions::add);
          }
        }
      }
    }
    return submissions;
  }

  /** Anybody may write a submission; one that cannot be read is the coordinator's to reject, and so is nobody's contribution. */
  static Optional<UpdateSubmitted> decode(Entry entry, LogSerdes serdes) {
    try {
      return Optional.of(serdes.submissions.deserialize(entry.topic().suffix(), entry.value()));
    } catch (SerializationException e) {
      LOG.debug("submissions-{}@{} is not readable", entry.partition(), entry.offset(), e);
      return Optional.empty();
    }
  }
}
