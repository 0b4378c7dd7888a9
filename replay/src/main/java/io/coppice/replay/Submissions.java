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

/** What agents have submitted to a run, be it admitted or not. */
public final class Submissions {

  private static final Duration POLL = Duration.ofMillis(250);

  private Submissions() {}

  /**
   * Reads the submissions that the log holds of a run now, in their order there. Anybody may write one; one that cannot be read is
   * warned of here, the coordinator's to reject, and so nobody's contribution.
   *
   * @param since milliseconds since the epoch; those that the broker stamped before it are left out
   */
  public static List<UpdateSubmitted> since(
      long since, ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    List<UpdateSubmitted> submissions = new ArrayList<>();
    RunRecords records = new RunRecords(serdes, run, new IgnoredLog());
    try (LogReader reader = new LogReader(cluster)) {
      int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.SUBMISSIONS));
      reader.followSince(Topic.SUBMISSIONS, partition, since);
      while (!reader.hasReachedEnd()) {
        for (Entry entry : reader.poll(POLL)) {
          if (run.id().equals(entry.key())) {
            records.submission(entry).ifPresent(submissions::add);
          }
        }
      }
    }
    return submissions;
  }
}
