package io.coppice.console.runs;

import io.coppice.console.progress.RunMonitor;
import io.coppice.replay.IgnoredLog;
import io.coppice.replay.LogReader;
import io.coppice.replay.LogReader.Entry;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunRecords;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Who has reported in a round that is open.
 *
 * @param round the round
 * @param reported participants that have submitted an update which is not rejected
 * @param rejected participants whose updates have all been rejected; they may try again
 * @param missing participants that have submitted nothing
 */
public record OpenRound(
    RoundOpened round,
    SortedSet<String> reported,
    SortedSet<String> rejected,
    SortedSet<String> missing) {

  private static final Duration POLL = Duration.ofMillis(200);

  /** Brokers' clocks may differ by this much where a position is looked up by time. */
  private static final long CLOCK_SLACK_MILLIS = 60_000;

  /**
   * Reads the submissions of the round that is open.
   *
   * @param monitor has read the run's ledger
   * @return empty if no round is open
   */
  public static Optional<OpenRound> read(
      ClusterConfig cluster, LogSerdes serdes, RunMonitor monitor) {
    return monitor.unclosedRound().map(round -> read(cluster, serdes, monitor, round));
  }

  private static OpenRound read(
      ClusterConfig cluster, LogSerdes serdes, RunMonitor monitor, RoundOpened round) {
    RunDefinition run = monitor.run();
    Set<ByteBuffer> refused =
        monitor.rejected().stream()
            .filter(r -> r.getRound() == round.getRound())
            .map(UpdateRejected::getSubmissionDigest)
            .collect(Collectors.toSet());
    List<UpdateSubmitted> submissions = new ArrayList<>();
    RunRecords records = new RunRecords(serdes, run, new IgnoredLog());
    try (LogReader reader = new LogReader(cluster)) {
      int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.SUBMISSIONS));
      reader.followSince(
          Topic.SUBMISSIONS, partition, round.getOpenedAt().toEpochMilli() - CLOCK_SLACK_MILLIS);
      while (!reader.hasReachedEnd()) {
        for (Entry entry : reader.poll(POLL)) {
          if (run.id().equals(entry.key()) && entry.value() != null) {
            records.submission(entry).ifPresent(submissions::add);
          }
        }
      }
    }
    return of(round, submissions, refused);
  }

  /**
   * Sorts the participants.
   *
   * @param submissions of this round and of others, of participants and of others
   * @param refused content digests of the submissions that are rejected
   */
  static OpenRound of(
      RoundOpened round, Collection<UpdateSubmitted> submissions, Set<ByteBuffer> refused) {
    SortedSet<String> reported = new TreeSet<>();
    SortedSet<String> rejected = new TreeSet<>();
    for (UpdateSubmitted submission : submissions) {
      if (submission.getRound() == round.getRound()) {
        boolean isRefused = refused.contains(ContentDigest.of(submission));
        (isRefused ? rejected : reported).add(submission.getAgentId());
      }
    }
    SortedSet<String> missing = new TreeSet<>(round.getParticipants());
    reported.retainAll(missing);
    rejected.retainAll(missing);
    rejected.removeAll(reported);
    missing.removeAll(reported);
    missing.removeAll(rejected);
    return new OpenRound(round, reported, rejected, missing);
  }
}
