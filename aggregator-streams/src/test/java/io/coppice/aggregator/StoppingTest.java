package io.coppice.aggregator;

import static io.coppice.aggregator.Ring.DEADLINE;
import static io.coppice.aggregator.Ring.PARAMETERS;
import static io.coppice.aggregator.Ring.RUN;
import static io.coppice.aggregator.Ring.mask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.RunCommands;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run does, and does not do, between a command to stop and one to go on. */
class StoppingTest {

  @TempDir Path directory;
  private Ring ring;

  @BeforeEach
  void open() {
    ring = new Ring(directory);
  }

  @AfterEach
  void close() {
    ring.close();
  }

  // On record

  @Test
  void bothAreOnRecordWithWhoAndWhyAndWhen() {
    start(Ring.run(RUN));
    ring.ledger();
    ring.passSilently(50);
    ring.command(new RunCommand(RUN, RunAction.STOP, "the lab moves", "ann@desk", Ring.START));
    ring.passSilently(50);
    ring.command(new RunCommand(RUN, RunAction.RESUME, "", "bob@desk", Ring.START));
    assertThat(ring.ledger())
        .containsExactly(
            new LedgerEntry(
                RUN, new RunStopped(0, "the lab moves", "ann@desk", Ring.START.plusMillis(50))),
            new LedgerEntry(RUN, new RunResumed(0, "", "bob@desk", Ring.START.plusMillis(100))));
    assertThat(ring.rejects()).isEmpty();
  }

  @Test
  void onlyTheRunThatIsNamedStops() {
    start(Ring.run(RUN));
    start(Ring.run("run-b"));
    stop();
    for (String agent : List.of("a", "b", "c")) {
      ring.submit(ring.update("run-b", agent, 0, 20, values(agent)));
    }
    submit(0, "a", "b", "c");
    assertThat(ring.ledger())
        .filteredOn(e -> e.getEvent() instanceof RoundOpened o && o.getRound() == 1)
        .extracting(LedgerEntry::getRunId)
        .containsExactly("run-b");
  }

  // While a round is open

  @Test
  void anOpenRoundTakesUpdatesAndClosesAndTheNextOpensWithTheResumption() {
    start(Ring.run(RUN));
    submit(0, "a");
    stop();
    ring.ledger();
    submit(0, "b", "c");
    assertThat(ring.events(Object.class))
        .singleElement()
        .isInstanceOfSatisfying(
            RoundClosed.class,
            closed ->
                assertThat(closed.getContributors())
                    .extracting(Contributor::getAgentId)
                    .containsExactly("a", "b", "c"));
    assertThat(ring.aggregates()).as("what was admitted is aggregated").hasSize(3);
    ring.pass(3 * DEADLINE);
    assertThat(ring.ledger()).isEmpty();
    resume();
    List<Object> events = ring.events(Object.class);
    assertThat(events).hasSize(2);
    assertThat(events.getFirst())
        .isInstanceOfSatisfying(RunResumed.class, r -> assertThat(r.getRound()).isZero());
    assertThat(events.getLast())
        .isInstanceOfSatisfying(
            RoundOpened.class,
            opened -> {
              assertThat(opened.getRound()).isEqualTo(1);
              assertThat(opened.getParticipants()).containsExactly("a", "b", "c");
            });
    submit(1, "a", "b", "c");
    submit(2, "a", "b", "c");
    assertThat(ring.events(RunFinished.class)).hasSize(1);
  }

  @Test
  void aRoundThatIsStillOpenAtTheResumptionIsNotOpenedAgain() {
    start(Ring.run(RUN));
    stop();
    resume();
    ring.ledger();
    submit(0, "a", "b", "c");
    assertThat(ring.events(Object.class))
        .extracting(Object::getClass)
        .containsExactly(RoundClosed.class, RoundOpened.class);
  }

  @Test
  void aDeadlineThatPassesWhileStoppedClosesARoundThatHasItsQuorum() {
    start(Ring.run(RUN));
    submit(0, "a", "c");
    stop();
    ring.ledger();
    ring.pass(DEADLINE);
    assertThat(ring.events(Object.class))
        .singleElement()
        .isInstanceOfSatisfying(
            RoundClosed.class,
            closed -> assertThat(closed.getReason()).isEqualTo(CloseReason.DEADLINE));
    ring.passSilently(1);
    resume();
    assertThat(ring.events(RoundOpened.class))
        .singleElement()
        .satisfies(opened -> assertThat(opened.getParticipants()).containsExactly("a", "c"));
  }

  @Test
  void aDeadlineThatPassesWhileStoppedAsksNobodyElseBeforeTheResumption() {
    TrainingRun run = Ring.run(RUN);
    run.getParticipation().setParticipants(2);
    start(run);
    List<String> asked = ring.events(RoundOpened.class).getFirst().getParticipants();
    assertThat(asked).hasSize(2);
    submit(0, asked.getFirst());
    stop();
    ring.ledger();
    ring.pass(3 * DEADLINE);
    assertThat(ring.ledger()).isEmpty();
    resume();
    assertThat(ring.events(RoundOpened.class))
        .singleElement()
        .satisfies(
            opened -> {
              assertThat(opened.getRound()).isZero();
              assertThat(opened.getParticipants()).containsExactly("a", "b", "c");
            });
  }

  @Test
  void aLateUpdateOfAStoppedRunCompletesTheQuorum() {
    start(Ring.run(RUN));
    submit(0, "a");
    stop();
    ring.pass(3 * DEADLINE);
    ring.ledger();
    submit(0, "b");
    assertThat(ring.events(RoundClosed.class)).hasSize(1);
  }

  @Test
  void theLastRoundOfAStoppedRunFinishesIt() {
    start(Ring.run(RUN));
    submit(0, "a", "b", "c");
    submit(1, "a", "b", "c");
    stop();
    submit(2, "a", "b", "c");
    assertThat(ring.events(RunFinished.class)).hasSize(1);
  }

  // While a mask is waited for

  @Test
  void aMaskIsTakenWhileStoppedAndUsedAfterwards() {
    start(withMaskAfterRoundZero());
    submit(0, "a", "b", "c");
    stop();
    ring.ledger();
    ring.publish(mask(RUN, 1, 1, 5));
    assertThat(ring.rejects()).isEmpty();
    assertThat(ring.ledger()).isEmpty();
    resume();
    assertThat(ring.events(RoundOpened.class))
        .extracting(RoundOpened::getRound, RoundOpened::getMaskVersion)
        .containsExactly(tuple(1, 1));
  }

  @Test
  void whoResumesBeforeTheMaskIsThereStillWaitsForIt() {
    start(withMaskAfterRoundZero());
    submit(0, "a", "b", "c");
    stop();
    resume();
    ring.pass(DEADLINE);
    assertThat(ring.events(RoundOpened.class)).hasSize(1);
    ring.publish(mask(RUN, 1, 1, 5));
    assertThat(ring.events(RoundOpened.class))
        .extracting(RoundOpened::getRound, RoundOpened::getMaskVersion)
        .containsExactly(tuple(1, 1));
  }

  @Test
  void aMaskThatNoRoundIsWaitingForIsRefusedAlsoWhileStopped() {
    start(Ring.run(RUN));
    stop();
    submit(0, "a", "b", "c");
    ring.publish(mask(RUN, 1, 1, 5));
    assertThat(refusals()).containsExactly(RejectReason.WRONG_MASK);
    resume();
    assertThat(ring.events(RoundOpened.class).getLast().getMaskVersion()).isZero();
  }

  private static TrainingRun withMaskAfterRoundZero() {
    TrainingRun run = Ring.run(RUN);
    run.getPruning().setDecisions(new DecisionSchedule(0, 2, 2, DecisionUpload.NOTHING));
    return run;
  }

  // While it starts

  @Test
  void aRunThatIsStoppedBeforeItsStartTakesAgentsAndStartsWhenItIsResumed() {
    ring.define(Ring.run(RUN));
    ring.publish(mask(RUN, 0, 0, 8));
    stop();
    ring.join(RUN, "a", "b", "c");
    ring.pass(2 * DEADLINE);
    List<LedgerEntry> before = ring.ledger();
    assertThat(before).extracting(LedgerEntry::getEvent).noneMatch(RoundOpened.class::isInstance);
    assertThat(before)
        .extracting(LedgerEntry::getEvent)
        .filteredOn(AgentAccepted.class::isInstance)
        .hasSize(3);
    assertThat(before)
        .extracting(LedgerEntry::getEvent)
        .filteredOn(RunStopped.class::isInstance)
        .singleElement()
        .isEqualTo(new RunStopped(-1, "why", "who", Ring.START));
    resume();
    assertThat(ring.events(RoundOpened.class)).extracting(RoundOpened::getRound).containsExactly(0);
  }

  @Test
  void aStopBeforeTheFirstMaskHolds() {
    ring.define(Ring.run(RUN));
    stop();
    ring.join(RUN, "a", "b", "c");
    ring.publish(mask(RUN, 0, 0, 8));
    assertThat(ring.events(RoundOpened.class)).isEmpty();
    resume();
    assertThat(ring.events(RoundOpened.class)).hasSize(1);
  }

  @Test
  void theStartsDeadlinePassesWhileStopped() {
    ring.define(Ring.run(RUN));
    ring.publish(mask(RUN, 0, 0, 8));
    ring.join(RUN, "a", "b");
    stop();
    ring.pass(DEADLINE);
    assertThat(ring.events(RoundOpened.class)).isEmpty();
    resume();
    assertThat(ring.events(RoundOpened.class))
        .singleElement()
        .satisfies(opened -> assertThat(opened.getParticipants()).containsExactly("a", "b"));
  }

  @Test
  void aRunThatIsResumedBeforeEnoughHaveJoinedGoesOnWaiting() {
    ring.define(Ring.run(RUN));
    ring.publish(mask(RUN, 0, 0, 8));
    stop();
    resume();
    ring.join(RUN, "a");
    assertThat(ring.events(RoundOpened.class)).isEmpty();
    ring.join(RUN, "b", "c");
    assertThat(ring.events(RoundOpened.class)).hasSize(1);
  }

  @Test
  void initialPruningIsNotAskedForWhileStopped() {
    TrainingRun run = Ring.run(RUN);
    run.setInitialPruning(Ring.initialPruning());
    ring.define(run);
    ring.publish(mask(RUN, 0, 0, 8));
    stop();
    ring.join(RUN, "a", "b", "c");
    assertThat(ring.events(RoundOpened.class)).isEmpty();
    resume();
    assertThat(ring.events(RoundOpened.class))
        .extracting(RoundOpened::getRound, RoundOpened::getParticipants)
        .containsExactly(tuple(-1, List.of("a")));
  }

  @Test
  void whoIsSilentInInitialPruningIsReplacedAfterTheResumption() {
    TrainingRun run = Ring.run(RUN);
    run.setInitialPruning(Ring.initialPruning());
    start(run);
    stop();
    ring.ledger();
    ring.pass(5 * DEADLINE);
    assertThat(ring.ledger()).isEmpty();
    resume();
    assertThat(ring.events(RoundOpened.class))
        .extracting(RoundOpened::getRound, RoundOpened::getParticipants)
        .containsExactly(tuple(-1, List.of("b")));
  }

  // Commands that are refused

  @Test
  void aCommandThatChangesNothingIsRefused() {
    start(Ring.run(RUN));
    resume();
    assertRefused(RejectReason.DUPLICATE, "Run run-a is not stopped.");
    stop();
    stop();
    assertRefused(RejectReason.DUPLICATE, "Run run-a is stopped already.");
    assertThat(ring.events(RunStopped.class)).hasSize(1);
  }

  @Test
  void aCommandToARunThatIsOverIsRefused() {
    start(Ring.run(RUN));
    for (int round = 0; round < 3; round++) {
      submit(round, "a", "b", "c");
    }
    ring.ledger();
    stop();
    assertRefused(RejectReason.LATE, "Run run-a is over: its last round is closed.");
    resume();
    assertRefused(RejectReason.LATE, "Run run-a is over: its last round is closed.");
    assertThat(ring.ledger()).isEmpty();
  }

  @Test
  void aCommandToARunThatNobodyHasDefinedIsRefusedAndForgotten() {
    stop();
    assertRefused(RejectReason.UNKNOWN_RUN, "There is no run run-a.");
    start(Ring.run(RUN));
    assertThat(ring.events(RoundOpened.class)).hasSize(1);
  }

  @Test
  void aCommandThatSaysTooMuchIsRefused() {
    start(Ring.run(RUN));
    ring.ledger();
    String reason = "x".repeat(RunCommands.MAX_REASON_CHARS + 1);
    ring.command(new RunCommand(RUN, RunAction.STOP, reason, "", Ring.START));
    assertRefused(
        RejectReason.MALFORMED, "The reason of a command has at most 500 characters, not 501.");
    String issuer = "x".repeat(RunCommands.MAX_ISSUER_CHARS + 1);
    ring.command(new RunCommand(RUN, RunAction.STOP, "", issuer, Ring.START));
    assertRefused(
        RejectReason.MALFORMED, "The issuer of a command has at most 200 characters, not 201.");
    assertThat(ring.ledger()).isEmpty();
  }

  private void assertRefused(RejectReason reason, String detail) {
    assertThat(ring.rejects())
        .singleElement()
        .satisfies(
            rejected -> {
              assertThat(rejected.getTopic()).isEqualTo(Ring.name(Topic.COMMANDS));
              assertThat(rejected.getReason()).isEqualTo(reason);
              assertThat(rejected.getDetail()).isEqualTo(detail);
            });
  }

  // Helpers

  private void start(TrainingRun run) {
    ring.define(run);
    ring.publish(mask(run.getRunId(), 0, 0, 8));
    ring.join(run.getRunId(), "a", "b", "c");
  }

  private void stop() {
    ring.command(new RunCommand(RUN, RunAction.STOP, "why", "who", Ring.START));
  }

  private void resume() {
    ring.command(new RunCommand(RUN, RunAction.RESUME, "", "", Ring.START));
  }

  private void submit(int round, String... agents) {
    for (String agent : agents) {
      ring.submit(ring.update(RUN, agent, round, 20, values(agent)));
    }
  }

  private static float[] values(String agent) {
    float[] values = new float[PARAMETERS];
    Arrays.fill(values, agent.charAt(0) - 'a' + 1);
    return values;
  }

  private List<RejectReason> refusals() {
    return ring.rejects().stream().map(RejectedRecord::getReason).toList();
  }
}
