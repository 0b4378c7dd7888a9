package io.coppice.console.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.console.faults.LogCopy.At;
import io.coppice.console.faults.LogCopy.Place;
import io.coppice.console.ring.TestRuns;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateShard;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * What may go wrong in the field, done to real processes in the middle of a run: three brokers, three aggregators, two pruning
 * services and three agents. After each fault the run reaches its last round, nothing that was admitted is lost or counted twice, and
 * the aggregates are what a recomputation from the log gives. Every test first proves from the log that its fault has happened.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
@Tag("faults")
class FaultsTest {

  private static final int SHARD_VALUES = 10_000;

  /** With updates of a megabyte, an upload at this speed takes seconds. */
  private static final long SLOW = 60_000;

  private static final long DEADLINE_MILLIS = 5000;

  private static final int KILLS = 3;

  @TempDir static Path directory;

  private FaultyRing ring;

  @RegisterExtension
  final AfterTestExecutionCallback output =
      context -> {
        if (context.getExecutionException().isPresent()) {
          System.err.println(ring.lastWords());
        }
      };

  @BeforeAll
  void start() throws Exception {
    ring = new FaultyRing(directory, 3, 3, 2);
  }

  @AfterEach
  void recover() throws Exception {
    ring.recover();
  }

  @AfterAll
  void stop() throws Exception {
    if (ring != null) {
      ring.close();
    }
  }

  private RunDefinition define(String id, int rounds, long deadlineMillis) throws Exception {
    return ring.define(
        TestRuns.small(id, rounds, new Participation(3, 2, deadlineMillis, null))
            .setShardValues(SHARD_VALUES)
            .build());
  }

  @Test
  void anAgentIsKilledInMidTransactionAndComesBack() throws Exception {
    RunDefinition run = define("agent-killed", 40, 3 * DEADLINE_MILLIS);
    ring.startAgent(run, 0, false);
    ring.startAgent(run, 1, false);
    JavaProcess victim = ring.startAgent(run, 2, true);
    ring.await(run, "the victim takes part", log -> !log.roundsOf("agent-2").isEmpty());

    try (LogCopy written = ring.uncommitted(run)) {
      int round = killInMidTransaction(run, victim, written);
      LogCopy log = ring.finish(run);
      assertThat(log.joins().stream().filter(j -> j.value().getAgentId().equals("agent-2")))
          .hasSizeGreaterThanOrEqualTo(2);
      assertThat(log.roundsOf("agent-2")).anyMatch(r -> r < round).anyMatch(r -> r > round);
    }
  }

  /** Kills the victim with half an update written, and starts it again; where the rest was on the way already, once more. */
  private int killInMidTransaction(RunDefinition run, JavaProcess victim, LogCopy written)
      throws Exception {
    for (int kill = 0; kill < KILLS; kill++) {
      ring.brokers().line(FaultyRing.VICTIM).slowToFirst(SLOW / 3);
      UpdateShard half = awaitHalfAnUpdate(written);
      int round = half.getRound();
      victim.kill();
      ring.brokers().line(FaultyRing.VICTIM).mend();
      victim.start();
      LogCopy log =
          ring.await(
              run,
              "the victim is back",
              l -> l.roundsOf("agent-2").stream().anyMatch(r -> r > round));
      if (log.updates().stream()
          .noneMatch(at -> at.value().getSubmission().equals(half.getSubmission()))) {
        return round; // what was written of it never became visible
      }
    }
    throw new AssertionError("half an update was never caught in " + KILLS + " attempts");
  }

  /** Waits until shards of an update of the victim can be seen, but not all of them, and returns one. */
  private static UpdateShard awaitHalfAnUpdate(LogCopy written) throws Exception {
    FaultyRing.await("half an update", () -> isHalfWritten(written));
    return lastOfVictim(written).orElseThrow();
  }

  /** Looks twice: what is read of a whole update may be half of it once. */
  private static boolean isHalfWritten(LogCopy written) {
    for (int look = 0; look < 2; look++) {
      written.readOn();
      Optional<UpdateShard> last = lastOfVictim(written);
      if (last.isEmpty() || isWhole(last.get(), written)) {
        return false;
      }
      pause();
    }
    return true;
  }

  private static boolean isWhole(UpdateShard shard, LogCopy written) {
    long seen =
        written.updates().stream()
            .filter(at -> at.value().getSubmission().equals(shard.getSubmission()))
            .count();
    return seen == shard.getDeltaShards() + shard.getImportanceShards();
  }

  private static Optional<UpdateShard> lastOfVictim(LogCopy written) {
    return written.updates().stream()
        .map(At::value)
        .filter(shard -> shard.getAgentId().equals("agent-2"))
        .max(Comparator.comparingInt(UpdateShard::getRound));
  }

  private static void pause() {
    try {
      Thread.sleep(300);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Records that were written and never became visible. */
  private static Set<Place> aborted(LogCopy written, LogCopy committed, Topic topic) {
    Set<Place> aborted = written.places(topic);
    aborted.removeAll(committed.places(topic));
    return aborted;
  }

  @Test
  void anAggregatorIsKilledInMidRound() throws Exception {
    RunDefinition run = define("aggregator-killed", 10, TestRuns.NO_DEADLINE);
    ring.startAgent(run, 0, false);
    ring.startAgent(run, 1, false);
    ring.startAgent(run, 2, true);
    ring.await(run, "rounds are closed", log -> log.lastClosed() >= 1);

    ring.brokers().line(FaultyRing.VICTIM).slow(SLOW);
    LogCopy log =
        ring.await(
            run,
            "a round with two updates of three",
            l ->
                l.open()
                    .filter(open -> l.hasSubmitted("agent-0", open.getRound()))
                    .filter(open -> l.hasSubmitted("agent-1", open.getRound()))
                    .filter(open -> !l.hasSubmitted("agent-2", open.getRound()))
                    .isPresent());
    int round = log.open().orElseThrow().getRound();
    JavaProcess killed = ring.coordinatorOf(run);
    killed.kill();
    log.readOn();
    assertThat(log.lastClosed()).isLessThan(round);
    Set<String> left = new TreeSet<>(Set.of("aggregator-1", "aggregator-2", "aggregator-3"));
    left.remove(killed.name());
    ring.awaitAggregators(left);
    assertThat(ring.coordinatorOf(run)).isNotSameAs(killed);
    ring.brokers().line(FaultyRing.VICTIM).mend();
    ring.await(run, "the round is closed by others", l -> l.lastClosed() >= round);
    killed.start();

    ring.finish(run);
    assertThat(log.closed())
        .filteredOn(closed -> closed.getRound() == round)
        .allMatch(closed -> closed.getReason() == CloseReason.ALL_REPORTED)
        .allMatch(closed -> closed.getContributors().size() == 3);
  }

  @Test
  void thePruningServiceIsKilledInMidDecisionAndTheOtherTakesOver() throws Exception {
    RunDefinition run =
        ring.define(
            TestRuns.small("pruning-killed", 8, new Participation(3, 2, TestRuns.NO_DEADLINE, null))
                .setShardValues(SHARD_VALUES)
                .setCheckpointEvery(1)
                .build());
    startAgents(run);
    ring.await(run, "rounds are closed", log -> log.lastClosed() >= 0);

    try (LogCopy written = ring.uncommitted(run)) {
      ring.brokers().line(FaultyRing.PRUNING).slow(SLOW);
      JavaProcess killed = ring.keeperOf(run);
      LogCopy log = ring.log(run);
      int before = ring.await(run, "a mask", l -> !l.masks().isEmpty()).masks().size();
      FaultyRing.await(
          "half a mask and its checkpoint",
          () -> {
            written.readOn();
            pause();
            log.readOn();
            return written.masks().size() > Math.max(before, log.masks().size());
          });
      killed.kill();
      int round = written.masks().getLast().value().getEffectiveRound() - 1;
      log.readOn();
      assertThat(log.lastClosed()).isEqualTo(round);
      ring.brokers().line(FaultyRing.PRUNING).mend();
      JavaProcess other = ring.pruning().get(killed == ring.pruning().getFirst() ? 1 : 0);
      ring.awaitPruning(Set.of(other.name()));
      ring.await(run, "the next round", l -> l.lastClosed() > round);
      killed.start();

      ring.finish(run);
      written.readOn();
      assertThat(aborted(written, log, Topic.MASKS)).isNotEmpty();
      assertThat(other.hasSaid("run pruning-killed round " + round + ": mask")).isTrue();
      assertThat(killed.hasSaid("run pruning-killed round " + round + ": mask")).isFalse();
    }
  }

  private void startAgents(RunDefinition run) {
    ring.startAgent(run, 0, false);
    ring.startAgent(run, 1, false);
    ring.startAgent(run, 2, true);
  }

  @Test
  void oneBrokerOfThreeIsKilledAndComesBack() throws Exception {
    RunDefinition run = define("broker-killed", 30, DEADLINE_MILLIS);
    startAgents(run);
    LogCopy log = ring.await(run, "rounds are closed", l -> l.lastClosed() >= 1);

    int leader = ring.leaderOf(run);
    JavaProcess killed = ring.brokers().node(leader);
    killed.kill();
    log.readOn();
    int last = log.lastClosed();
    assertThat(last).isLessThan(run.lastRound() - 4);
    ring.await(run, "rounds without this broker", l -> l.lastClosed() >= last + 3);
    assertThat(ring.leaderOf(run)).isNotEqualTo(leader);
    killed.start();
    ring.awaitBrokersInStep();

    ring.finish(run);
  }

  @Test
  void anAgentIsCutOffForLongerThanTheDeadline() throws Exception {
    RunDefinition run = define("agent-cut-off", 30, DEADLINE_MILLIS);
    startAgents(run);
    LogCopy log = ring.await(run, "the victim takes part", l -> !l.roundsOf("agent-2").isEmpty());

    ring.brokers().line(FaultyRing.VICTIM).cut();
    awaitRoundWithoutTheVictim(run);
    int round = awaitTheVictimBack(run);

    ring.finish(run);
    assertThat(log.roundsOf("agent-2")).anyMatch(r -> r > round);
  }

  @Test
  void anAgentIsTooSlowForTheDeadline() throws Exception {
    RunDefinition run = define("agent-slow", 40, DEADLINE_MILLIS);
    startAgents(run);
    LogCopy log = ring.await(run, "the victim takes part", l -> !l.roundsOf("agent-2").isEmpty());

    // First its line is slow, and then it does not get to run.
    ring.brokers().line(FaultyRing.VICTIM).slow(SLOW / 6);
    awaitRoundWithoutTheVictim(run);
    awaitTheVictimBack(run);
    JavaProcess victim = ring.agents().get(2);
    victim.freeze();
    awaitRoundWithoutTheVictim(run);
    victim.thaw();
    int round = awaitTheVictimBack(run);

    ring.finish(run);
    assertThat(log.roundsOf("agent-2")).anyMatch(r -> r >= round);
  }

  /** Waits until a round that the victim was asked in is closed without it. */
  private void awaitRoundWithoutTheVictim(RunDefinition run) throws Exception {
    ring.log(run).readOn();
    int from = ring.log(run).lastClosed();
    ring.await(
        run,
        "a round without the victim",
        l ->
            l.closed().stream()
                .filter(closed -> closed.getRound() > from)
                .filter(closed -> closed.getReason() == CloseReason.DEADLINE)
                .anyMatch(closed -> !l.roundsOf("agent-2").contains(closed.getRound())));
  }

  /** Makes the line good, and waits until the victim takes part again; until then the run cannot end, for want of a quorum. */
  private int awaitTheVictimBack(RunDefinition run) throws Exception {
    JavaProcess other = ring.agents().get(1);
    other.freeze();
    ring.log(run).readOn();
    int last = ring.log(run).lastClosed();
    assertThat(last).isLessThan(run.lastRound() - 3);
    ring.brokers().line(FaultyRing.VICTIM).mend();
    LogCopy log =
        ring.await(
            run,
            "the victim is back",
            l -> l.roundsOf("agent-2").stream().anyMatch(round -> round > last));
    other.thaw();
    return log.roundsOf("agent-2").getLast();
  }

  @Test
  void everythingIsRestartedOneAfterTheOtherInMidRound() throws Exception {
    RunDefinition run =
        ring.define(
            TestRuns.small("rolling", 45, new Participation(3, 3, TestRuns.NO_DEADLINE, null))
                .setShardValues(SHARD_VALUES)
                .build());
    startAgents(run);
    LogCopy log = ring.await(run, "rounds are closed", l -> l.lastClosed() >= 0);
    List<JavaProcess> agents = ring.agents();
    List<Integer> restartedIn = new ArrayList<>();
    List<JavaProcess> everything =
        Stream.of(ring.brokers().processes(), ring.aggregators(), ring.pruning(), agents)
            .flatMap(List::stream)
            .toList();

    for (JavaProcess process : everything) {
      // A round without one of its agents stays open: each restart falls into the middle of one.
      JavaProcess brake = process == agents.getFirst() ? agents.getLast() : agents.getFirst();
      brake.freeze();
      long pid = process.pid();
      process.terminate();
      process.start();
      assertThat(process.pid()).isNotEqualTo(pid);
      log.readOn();
      restartedIn.add(log.lastClosed());
      ring.awaitEverybody();
      brake.thaw();
      int last = log.lastClosed();
      ring.await(run, "a round after the restart of " + process.name(), l -> l.lastClosed() > last);
    }
    assertThat(restartedIn).doesNotHaveDuplicates().allMatch(round -> round < run.lastRound());

    ring.finish(run);
    assertThat(log.closed()).allMatch(closed -> closed.getContributors().size() == 3);
  }

  @Test
  void anAgentsClockIsAnHourWrong() throws Exception {
    RunDefinition run = define("clock-skewed", 6, DEADLINE_MILLIS);
    ring.startAgent(run, 0, false);
    ring.startAgent(run, 1, false, SkewedClock.argument(directory, Duration.ofHours(1)));
    ring.startAgent(run, 2, false, SkewedClock.argument(directory, Duration.ofHours(-1)));

    LogCopy log = ring.finish(run);
    assertThat(errorOfClock(log, "agent-0").abs()).isLessThan(Duration.ofMinutes(5));
    assertThat(errorOfClock(log, "agent-1"))
        .isBetween(Duration.ofMinutes(55), Duration.ofMinutes(65));
    assertThat(errorOfClock(log, "agent-2"))
        .isBetween(Duration.ofMinutes(-65), Duration.ofMinutes(-55));
    assertThat(log.roundsOf("agent-1")).isNotEmpty();
    assertThat(log.roundsOf("agent-2")).isNotEmpty();
    assertThat(log.events(UpdateRejected.class)).isEmpty();
  }

  /** How far an agent's clock was ahead of the broker's when it joined. */
  private static Duration errorOfClock(LogCopy log, String agent) {
    At<AgentJoined> joined =
        log.joins().stream()
            .filter(at -> at.value().getAgentId().equals(agent))
            .findFirst()
            .orElseThrow();
    return Duration.between(Instant.ofEpochMilli(joined.timestamp()), joined.value().getJoinedAt());
  }

  @Test
  void someUpdatesAreOfNoUse() throws Exception {
    RunDefinition run = define("bad-updates", 24, DEADLINE_MILLIS);
    startAgents(run);
    try (Saboteur saboteur = new Saboteur(ring.cluster(), ring.serdes(), run)) {
      ring.await(
          run,
          "the saboteur has done it all",
          log -> {
            saboteur.answer(log);
            return log.isComplete(run.lastRound());
          });
      LogCopy log = ring.finish(run);

      assertThat(saboteur.isDone()).isTrue();
      assertThat(100 * saboteur.spoilt().size()).isGreaterThan(log.submissions().size());
      Map<ByteBuffer, RejectReason> rejected =
          log.rejectionsOf(Saboteur.ID).stream()
              .collect(
                  Collectors.toMap(UpdateRejected::getSubmissionDigest, UpdateRejected::getReason));
      saboteur
          .spoilt()
          .forEach((digest, reasons) -> assertThat(rejected.get(digest)).isIn(reasons));
      assertThat(log.unreadable())
          .extracting(At::place)
          .containsExactlyInAnyOrderElementsOf(saboteur.rotten());
      assertThat(log.rejects())
          .extracting(at -> placeOf(at.value()))
          .containsAll(saboteur.rotten());
    }
  }

  private Place placeOf(RejectedRecord rejected) {
    Topic topic =
        Stream.of(Topic.UPDATES, Topic.SUBMISSIONS)
            .filter(t -> ring.cluster().name(t).equals(rejected.getTopic()))
            .findFirst()
            .orElseThrow();
    return new Place(topic, rejected.getPartition(), rejected.getOffset());
  }
}
