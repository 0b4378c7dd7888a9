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
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateShard;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Faults of agents, and of the lines to them. What becomes of the others is the same with any number of services. */
class AgentFaultsTest extends FaultScenarios {

  private static final String VICTIM = "agent-2";

  /** A round has its quorum without the victim, but not without two. */
  private static final Participation TWO_OF_THREE = new Participation(3, 2, 6000L, null);

  /** Long for a round, and short for a clock that is an hour wrong. */
  private static final long TWO_MINUTES = 120_000;

  private static final int KILLS = 3;

  AgentFaultsTest() {
    super(2, 1, 1);
  }

  @Test
  void anAgentIsKilledInMidTransactionAndComesBack() throws Exception {
    RunDefinition run = define("agent-killed", 40, EVERYBODY);
    ring.await(run, "the victim takes part", log -> !log.roundsOf(VICTIM).isEmpty());

    try (LogCopy written = ring.uncommitted(run)) {
      int round = killInMidTransaction(run, written);
      LogCopy log = ring.finish(run);
      assertThat(log.joins().stream().filter(j -> j.value().getAgentId().equals(VICTIM)))
          .hasSizeGreaterThanOrEqualTo(2);
      assertThat(log.roundsOf(VICTIM)).contains(round).anyMatch(r -> r < round);
    }
  }

  /**
   * Kills the victim with half an update written, and starts it again; where the rest was on the way already, once more. The round waits
   * for it.
   */
  private int killInMidTransaction(RunDefinition run, LogCopy written) throws Exception {
    for (int kill = 0; kill < KILLS; kill++) {
      ring.brokers().line(FaultyRing.VICTIM).slowToFirst(SLOW / 3);
      UpdateShard half = awaitHalfAnUpdate(written);
      int round = half.getRound();
      ring.victim().kill();
      ring.brokers().line(FaultyRing.VICTIM).mend();
      ring.victim().start();
      LogCopy log = ring.await(run, "the victim is back", l -> l.roundsOf(VICTIM).contains(round));
      if (log.updates().stream()
          .noneMatch(at -> at.value().getSubmission().equals(half.getSubmission()))) {
        return round; // what was written of it never became visible
      }
    }
    throw new AssertionError("half an update was never caught in " + KILLS + " attempts");
  }

  /** Waits until shards of an update of the victim can be seen, but not all of them, and returns one. */
  private UpdateShard awaitHalfAnUpdate(LogCopy written) throws Exception {
    ring.await("half an update", () -> isHalfWritten(written));
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
        .filter(shard -> shard.getAgentId().equals(VICTIM))
        .max(Comparator.comparingInt(UpdateShard::getRound));
  }

  @Test
  void anAgentIsCutOffForLongerThanTheDeadline() throws Exception {
    RunDefinition run = define("agent-cut-off", 40, TWO_OF_THREE);
    ring.await(run, "the victim takes part", l -> !l.roundsOf(VICTIM).isEmpty());

    ring.brokers().line(FaultyRing.VICTIM).cut();
    awaitRoundWithoutTheVictim(run);
    ring.brokers().line(FaultyRing.VICTIM).mend();
    awaitTheVictimBack(run);

    ring.finish(run);
  }

  @Test
  void anAgentIsTooSlowForTheDeadline() throws Exception {
    RunDefinition run = define("agent-slow", 60, TWO_OF_THREE);
    ring.await(run, "the victim takes part", l -> !l.roundsOf(VICTIM).isEmpty());

    // First its line is slow, and then it does not get to run.
    ring.brokers().line(FaultyRing.VICTIM).slow(SLOW / 6);
    awaitRoundWithoutTheVictim(run);
    ring.brokers().line(FaultyRing.VICTIM).mend();
    awaitTheVictimBack(run);
    ring.victim().freeze();
    awaitRoundWithoutTheVictim(run);
    ring.victim().thaw();
    awaitTheVictimBack(run);

    ring.finish(run);
  }

  /**
   * Waits until a round that the victim was asked in is closed without it. From then on another agent stands still, so the run cannot go
   * on without the victim, for want of a quorum.
   */
  private void awaitRoundWithoutTheVictim(RunDefinition run) throws Exception {
    LogCopy log = ring.log(run);
    log.readOn();
    int closed = log.lastClosed();
    int opened = log.lastOpened();
    ring.await(
        run,
        "a round that waits for the victim only",
        l -> waitsForTheVictim(l, opened) || isClosedWithoutTheVictim(l, closed));
    ring.agents().get(1).freeze();
    ring.await(run, "a round without the victim", l -> isClosedWithoutTheVictim(l, closed));
  }

  /**
   * Whether the round that is open has all but the victim's update.
   *
   * @param opened only a later round counts: in this one the victim may have been on its way before its fault
   */
  private static boolean waitsForTheVictim(LogCopy log, int opened) {
    return log.open()
        .filter(open -> open.getParticipants().contains(VICTIM))
        .map(RoundOpened::getRound)
        .filter(round -> round > opened)
        .filter(round -> log.hasSubmitted("agent-0", round))
        .filter(round -> log.hasSubmitted("agent-1", round))
        .filter(round -> !log.hasSubmitted(VICTIM, round))
        .isPresent();
  }

  /** Whether a round after another was closed at its deadline, without the victim. */
  private static boolean isClosedWithoutTheVictim(LogCopy log, int before) {
    return log.closed().stream()
        .filter(closed -> closed.getReason() == CloseReason.DEADLINE)
        .map(RoundClosed::getRound)
        .anyMatch(round -> round > before && !log.roundsOf(VICTIM).contains(round));
  }

  /** Waits until the victim takes part again, and lets the other agent go on, too. */
  private void awaitTheVictimBack(RunDefinition run) throws Exception {
    ring.log(run).readOn();
    int last = ring.log(run).lastClosed();
    assertThat(last).isLessThan(run.lastRound() - 2);
    ring.await(
        run,
        "the victim is back",
        l -> l.roundsOf(VICTIM).stream().anyMatch(round -> round > last));
    ring.agents().get(1).thaw();
  }

  @Test
  void anAgentsClockIsAnHourWrong() throws Exception {
    RunDefinition run = define("clock-skewed", 5, new Participation(5, 3, TWO_MINUTES, null));
    ring.startGuest(run, 3, SkewedClock.argument(directory, Duration.ofHours(1)));
    ring.startGuest(run, 4, SkewedClock.argument(directory, Duration.ofHours(-1)));

    LogCopy log = ring.finish(run);
    assertThat(errorOfClock(log, "agent-0").abs()).isLessThan(Duration.ofMinutes(5));
    assertThat(errorOfClock(log, "agent-3"))
        .isBetween(Duration.ofMinutes(55), Duration.ofMinutes(65));
    assertThat(errorOfClock(log, "agent-4"))
        .isBetween(Duration.ofMinutes(-65), Duration.ofMinutes(-55));
    assertThat(log.closed())
        .allMatch(closed -> closed.getReason() == CloseReason.ALL_REPORTED)
        .allMatch(closed -> closed.getContributors().size() == 5);
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
    RunDefinition run =
        define("bad-updates", 10, new Participation(4, 4, TestRuns.NO_DEADLINE, null));
    try (Saboteur saboteur = new Saboteur(ring.cluster(), ring.serdes(), run)) {
      ring.await(
          run,
          "the end of the run, which the saboteur keeps up",
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
      // Each time it had another try, and used it.
      assertThat(log.roundsOf(Saboteur.ID))
          .containsExactlyElementsOf(
              IntStream.rangeClosed(run.firstRound(), run.lastRound()).boxed().toList());
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
