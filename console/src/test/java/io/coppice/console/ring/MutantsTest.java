package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.replay.FoldDetail;
import io.coppice.replay.IgnoredRecord;
import io.coppice.replay.LogPosition;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunFollower;
import io.coppice.replay.Runs;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RecordMutator.Mutant;
import io.coppice.schemas.RecordMutator.Raw;
import io.coppice.schemas.Topic;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run into whose topics an {@link Adversary} writes more than ten thousand mutated records: agents and the pruning service that
 * come after that, and those that were there all the time, never fail, tell of every mutant that they read, and end with the model
 * that {@link Proof} recomputes from the genuine ones.
 *
 * <p>Well-formed lies are left out: a forged event of the ledger cannot be told from a true one when it comes, and only the
 * aggregator may write there.
 */
class MutantsTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");

  /** So many that the run is far from its end when it is made to wait. */
  private static final int ROUNDS = 60;

  private static final int BETWEEN_WRITES = 12;
  private static final int WHILE_THE_RUN_WAITS = 20_000;
  private static final int WHILE_IT_GOES_ON = 500;
  private static final int PER_READER = 10_000;

  /** Where a follower that starts from a checkpoint tells of whatever does not hold. */
  private static final Set<Topic> FOLLOWED =
      Set.of(Topic.ROUNDS, Topic.MASKS, Topic.CHECKPOINTS, Topic.AGGREGATES, Topic.IMPORTANCE);

  @TempDir private Path streams;

  @Test
  void agentsAndPruningServiceLeaveOutWhatDoesNotHold() throws Exception {
    try (Ring ring =
        new Ring(
            first(600, Datasets.open(MNIST, Split.TRAIN)),
            first(100, Datasets.open(MNIST, Split.TEST)),
            streams)) {
      RunDefinition run =
          ring.define(
              TestRuns.prunefl(
                      "mutants", ROUNDS, new Participation(3, 3, TestRuns.NO_DEADLINE, null))
                  .build());
      Map<String, KeyPair> keys = new HashMap<>();
      for (String agent : List.of("agent-0", "agent-1", "agent-2")) {
        ring.startAgent(run, agent);
        keys.put(agent, ring.keys(agent));
      }
      RunLog log = ring.await(run, "the first rounds", l -> l.hasClosed(5));
      ring.stopAgent("agent-2"); // below the quorum: the run waits
      try (Adversary adversary =
          new Adversary(ring.cluster(), ring.serdes(), run, keys, 20260103)) {
        log.leaveOut(adversary::hasWritten);
        adversary.write(WHILE_THE_RUN_WAITS);
        log.readOn();
        assertThat(log.isComplete()).as("the run was over before it could wait").isFalse();
        assertThat(Runs.find(ring.cluster(), ring.serdes(), Optional.of(run.id()))).contains(run);

        ring.stopPruning();
        ring.startPruning();
        ring.startAgent(run, "agent-2");
        int waited = log.closed().getLast().getRound();
        for (int round = waited + 2; round < run.lastRound(); round += BETWEEN_WRITES) {
          int awaited = round;
          ring.await(run, "round " + round, l -> l.hasClosed(awaited));
          adversary.write(WHILE_IT_GOES_ON);
        }
        ring.finishAmidMutants(run);

        Proof.holdsFor(log);
        assertThat(ring.failures()).isZero();
        assertThat(ring.verify(run).violation()).as("what the auditor says").isPresent();
        assertThat(ring.ignoredBy("agent-0")).isGreaterThan(PER_READER / 2);
        assertThat(ring.ignoredBy("agent-2")).isGreaterThan(PER_READER);
        assertThat(ring.ignoredByPruning()).isGreaterThan(PER_READER);
        everyMutantIsToldOf(ring, run, adversary);
      }
    }
  }

  private static Dataset first(int count, Dataset data) {
    return data.subset(IntStream.range(0, count).toArray());
  }

  /** A follower that comes when all is over. */
  private static void everyMutantIsToldOf(Ring ring, RunDefinition run, Adversary adversary) {
    Map<LogPosition, IgnoredRecord> told = new HashMap<>();
    RunFollower.Listener listener =
        new RunFollower.Listener() {
          @Override
          public void ignored(IgnoredRecord record) {
            told.put(record.at(), record);
          }
        };
    try (RunFollower follower =
        new RunFollower(
            ring.cluster(),
            ring.serdes(),
            run,
            FoldDetail.DECISIONS,
            RunFollower.Start.INITIAL_MODEL,
            listener)) {
      while (!follower.isCaughtUp()) {
        follower.poll(Duration.ofMillis(250));
      }
      assertThat(follower.fold().nextRound()).isEqualTo(run.lastRound() + 1);
    }
    try (RunFollower follower =
        new RunFollower(ring.cluster(), ring.serdes(), run, FoldDetail.MODEL, listener)) {
      while (!follower.isCaughtUp()) {
        follower.poll(Duration.ofMillis(250));
      }
    }
    Set<LogPosition> expected = new HashSet<>();
    adversary
        .written()
        .forEach(
            (at, mutant) -> {
              if (FOLLOWED.contains(at.topic()) && isRead(run, at, mutant)) {
                expected.add(at);
              }
            });
    Set<LogPosition> untold = new HashSet<>(expected);
    untold.removeAll(told.keySet());
    assertThat(untold.stream().map(at -> at + " " + adversary.written().get(at).change()))
        .isEmpty();
    assertThat(told.keySet()).allMatch(adversary.written()::containsKey);
    assertThat(told.values()).allMatch(record -> !record.detail().isBlank());
    assertThat(expected).hasSizeGreaterThan(PER_READER);
  }

  /** What lies under another run's key, or in a partition that the run's records do not come in, is not the run's. */
  private static boolean isRead(RunDefinition run, LogPosition at, Mutant mutant) {
    Raw raw = mutant.raw();
    return raw.key() != null
        && LogKeys.isOfRun(new String(raw.key(), StandardCharsets.UTF_8), run.id())
        && (at.topic().partitioning() == Topic.Partitioning.BY_SHARD
            || at.partition() == LogKeys.runPartition(run.id(), 2));
  }
}
