package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.audit.RunVerifier;
import io.coppice.audit.Verification;
import io.coppice.audit.Violation;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAccepted;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificData;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tampering with the log of a real run is found at the record that was tampered with. The tamperer is as strong as may be: where it
 * can mend digests and the ledger's chain behind its change, there are tests in which it does.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TamperTest {

  private static final int ROUNDS = 5;
  private static final int ROUND = 2;
  private static final String AGENT = "agent-1";

  private static MemoryEvidence original;
  private static String seal;

  @BeforeAll
  static void train(@TempDir Path streams) throws Exception {
    Path mnist = Path.of("..", "data", "mnist");
    Dataset train = Datasets.open(mnist, Split.TRAIN).subset(IntStream.range(0, 200).toArray());
    Dataset test = Datasets.open(mnist, Split.TEST).subset(IntStream.range(0, 50).toArray());
    try (Ring ring = new Ring(train, test, streams)) {
      RunDefinition run =
          ring.define(
              TestRuns.prunefl(
                      "tampered", ROUNDS, new Participation(3, 3, TestRuns.NO_DEADLINE, null))
                  .build());
      ring.startAgent(run, "agent-0");
      ring.startAgent(run, AGENT);
      RunLog log = ring.await(run, "two agents", l -> l.events(AgentAccepted.class).size() == 2);
      submitForged(ring, run);
      ring.await(run, "a rejection", l -> !l.events(UpdateRejected.class).isEmpty());
      Runs.command(
          ring.cluster(), ring.serdes(), run.id(), RunAction.STOP, "the lab moves", "ann@desk");
      ring.await(run, "a stop", l -> !l.events(RunStopped.class).isEmpty());
      ring.startAgent(run, "agent-2");
      ring.await(run, "three agents", l -> l.events(AgentAccepted.class).size() == 3);
      assertThat(log.events(RoundOpened.class)).isEmpty();
      Runs.command(ring.cluster(), ring.serdes(), run.id(), RunAction.RESUME, "", "ann@desk");
      ring.finish(run);
      assertThat(log.events(UpdateRejected.class))
          .extracting(UpdateRejected::getReason)
          .containsExactly(RejectReason.BAD_SIGNATURE);
      original = ring.evidence(run);
    }
    Verification verified = original.verify();
    assertThat(verified.violation()).isEmpty();
    assertThat(verified.rejected()).isEqualTo(1);
    assertThat(verified.updates()).isEqualTo(3 * ROUNDS);
    assertThat(verified.masks()).isEqualTo(2);
    seal = verified.head();
  }

  private static void submitForged(Ring ring, RunDefinition run) {
    UpdateSubmitted forged =
        UpdateSubmitted.newBuilder()
            .setRunId(run.id())
            .setRound(0)
            .setAgentId(AGENT)
            .setMaskVersion(0)
            .setWeight(1)
            .setTrainLoss(0)
            .setTrainSeconds(0)
            .setPayloadBytes(0)
            .setShards(List.of())
            .setSignature(ByteBuffer.allocate(64))
            .build();
    try (TransactionalWriter writer = new TransactionalWriter(ring.cluster(), "forger", run.id())) {
      writer.begin();
      writer.sendByRun(Topic.SUBMISSIONS, ring.serdes().submissions, run.id(), forged);
      writer.commit();
    }
  }

  // One bit

  @Test
  void oneBitOfAnUpdate() throws Exception {
    LogRecord update = update(ROUND, AGENT, 3);
    expect(
        log -> log.change(update, UpdateShard.class, u -> flipped(u, u.getValues(), 5)),
        update,
        "values");
  }

  @Test
  void oneBitOfAnAggregate() throws Exception {
    LogRecord aggregate = aggregate(ROUND, 5);
    expect(
        log -> log.change(aggregate, AggregateShard.class, a -> flipped(a, a.getValues(), 9)),
        aggregate,
        "digest");
    expect(
        log ->
            log.change(
                aggregate,
                AggregateShard.class,
                a -> {
                  flipped(a, a.getValues(), 9);
                  a.setDigest(ContentDigest.of(a));
                  return a;
                }),
        aggregate,
        "values");
  }

  @Test
  void aMaskWithOneWeightForAnother() throws Exception {
    LogRecord mask = original.all(Topic.MASKS).getLast();
    expect(log -> log.change(mask, MaskPublished.class, TamperTest::exchanged), mask, "digest");
    expect(
        log ->
            log.change(
                mask,
                MaskPublished.class,
                m -> {
                  exchanged(m);
                  m.setDigest(ContentDigest.of(m));
                  return m;
                }),
        mask,
        "layers[2].bitmap");
    expect(
        log ->
            log.change(
                mask,
                MaskPublished.class,
                m -> {
                  m.getDecision().setObjectiveAfter(m.getDecision().getObjectiveAfter() * 2);
                  m.setDigest(ContentDigest.of(m));
                  return m;
                }),
        mask,
        "decision.objectiveAfter");
  }

  @Test
  void oneBitOfACheckpoint() throws Exception {
    LogRecord checkpoint =
        original.first(
            Topic.CHECKPOINTS,
            CheckpointShard.class,
            c -> c.getRound() == ROUNDS && c.getShard() == 7);
    expect(
        log -> log.change(checkpoint, CheckpointShard.class, c -> flipped(c, c.getValues(), 8)),
        checkpoint,
        "digest");
    expect(
        log ->
            log.change(
                checkpoint,
                CheckpointShard.class,
                c -> {
                  flipped(c, c.getValues(), 8);
                  c.setDigest(ContentDigest.of(c));
                  return c;
                }),
        checkpoint,
        "values");
  }

  @Test
  void aCheckpointThatSkipsAggregates() throws Exception {
    LogRecord checkpoint =
        original.first(
            Topic.CHECKPOINTS,
            CheckpointShard.class,
            c -> c.getRound() > 0 && c.getRound() < ROUNDS);
    expect(
        log ->
            log.change(
                checkpoint,
                CheckpointShard.class,
                c -> {
                  c.getAggregatePositions().set(1, 1_000_000L);
                  c.setDigest(ContentDigest.of(c));
                  return c;
                }),
        checkpoint,
        "aggregatePositions[1]");
  }

  @Test
  void aCheckpointThatIsNoneOfTheRunIsNotStartedFrom() throws Exception {
    LogRecord checkpoint =
        original.first(
            Topic.CHECKPOINTS,
            CheckpointShard.class,
            c -> c.getRound() == ROUNDS && c.getShard() == 0);
    List<Consumer<CheckpointShard>> forgeries =
        List.of(
            c -> c.getAggregatePositions().removeLast(),
            c -> c.setValues(ByteBuffer.allocate(4)),
            c -> c.setValueCount(Integer.MAX_VALUE));
    for (Consumer<CheckpointShard> forgery : forgeries) {
      MemoryEvidence log = original.copy();
      log.change(
          checkpoint,
          CheckpointShard.class,
          c -> {
            forgery.accept(c);
            c.setDigest(ContentDigest.of(c));
            return c;
          });
      assertThat(
              log.verify(options(OptionalInt.empty(), OptionalInt.of(ROUNDS)))
                  .violation()
                  .orElseThrow()
                  .getMessage())
          .startsWith(checkpoint.position() + ", field shard:");
    }
  }

  @Test
  void theDefinition() throws Exception {
    LogRecord definition = original.all(Topic.RUNS).getFirst();
    expect(
        log ->
            log.change(
                definition,
                TrainingRun.class,
                run -> {
                  run.getTraining().setLearningRate(0.11);
                  return run;
                }),
        definition,
        "");
  }

  @Test
  void aDefinitionThatMayNotBeAccepted() throws Exception {
    LogRecord accepted = event(RunAccepted.class, r -> true);
    Violation violation =
        violation(
            log -> {
              LogRecord definition = log.all(Topic.RUNS).getFirst();
              log.change(
                  definition,
                  TrainingRun.class,
                  run -> {
                    run.getParticipation().setQuorum(0);
                    return run;
                  });
              TrainingRun changed = (TrainingRun) log.all(Topic.RUNS).getFirst().value();
              log.change(
                  accepted,
                  LedgerEntry.class,
                  entry -> {
                    ((RunAccepted) entry.getEvent()).setDefinitionDigest(ContentDigest.of(changed));
                    return entry;
                  });
            });
    assertThat(violation.getMessage())
        .startsWith(accepted.position() + ", field event:")
        .contains("The quorum is 1 to the expected agents, not 0 of 3.");
  }

  // Deleted, exchanged, cut off

  @Test
  void aDeletedUpdate() throws Exception {
    LogRecord update = update(ROUND, AGENT, 3);
    expect(log -> log.remove(update), update, "");
  }

  @Test
  void aDeletedSubmission() throws Exception {
    expect(
        log -> log.remove(submission(ROUND, AGENT)),
        closed(ROUND),
        "contributors[1].submissionDigest");
  }

  @Test
  void aDeletedRejectedSubmission() throws Exception {
    LogRecord rejection = event(UpdateRejected.class, r -> true);
    expect(
        log -> log.remove(original.all(Topic.SUBMISSIONS).getFirst()),
        rejection,
        "submissionDigest");
  }

  @Test
  void aDeletedAggregateIsMissedWhereTheNextOneStands() throws Exception {
    LogRecord aggregate = aggregate(ROUND, 5);
    expect(log -> log.remove(aggregate), aggregate(ROUND, 9), "shard");
  }

  @Test
  void aDeletedMask() throws Exception {
    expect(
        log -> log.remove(original.all(Topic.MASKS).get(1)),
        original.all(Topic.MASKS).get(2),
        "version");
    Violation violation = violation(log -> log.remove(original.all(Topic.MASKS).getLast()));
    assertThat(violation.topic()).isEqualTo(Topic.MASKS);
    assertThat(violation.offset()).isEmpty();
  }

  @Test
  void deletedEntriesOfTheLedger() throws Exception {
    expect(log -> log.remove(closed(ROUND)), opened(ROUND + 1), "round");
    expect(log -> log.remove(opened(ROUND)), closed(ROUND), "eventsDigest");
    expect(log -> log.remove(event(UpdateRejected.class, r -> true)), closed(0), "eventsDigest");
    expect(
        log -> log.remove(event(RunAccepted.class, r -> true)),
        event(AgentAccepted.class, a -> true),
        "event");
  }

  // Stopping

  @Test
  void aStopAndAResumptionThatNobodyCommanded() throws Exception {
    LogRecord stop = original.all(Topic.COMMANDS).getFirst();
    LogRecord resumption = original.all(Topic.COMMANDS).getLast();
    LogRecord stopped = event(RunStopped.class, s -> true);
    LogRecord resumed = event(RunResumed.class, r -> true);
    expect(log -> log.remove(stop), stopped, "event");
    expect(log -> log.remove(resumption), resumed, "event");
    expect(log -> log.swap(stop, resumption), resumed, "event");
    List<UnaryOperator<RunCommand>> others =
        List.of(
            c -> RunCommand.newBuilder(c).setAction(RunAction.RESUME).build(),
            c -> RunCommand.newBuilder(c).setReason("nothing").build(),
            c -> RunCommand.newBuilder(c).setIssuer("eve@desk").build(),
            c -> RunCommand.newBuilder(c).setRunId("another").build());
    for (UnaryOperator<RunCommand> other : others) {
      expect(log -> log.change(stop, RunCommand.class, other), stopped, "event");
    }
    expect(log -> log.removeTopic(Topic.COMMANDS), stopped, "event");
  }

  @Test
  void aStopWhoseReasonWasChangedWhereverItStands() throws Exception {
    expect(
        log -> {
          log.change(
              original.all(Topic.COMMANDS).getFirst(),
              RunCommand.class,
              c -> RunCommand.newBuilder(c).setReason("nothing").build());
          log.change(
              event(RunStopped.class, s -> true),
              LedgerEntry.class,
              e -> {
                ((RunStopped) e.getEvent()).setReason("nothing");
                return e;
              });
        },
        closed(0),
        "eventsDigest");
  }

  @Test
  void aRoundThatIsOpenedWhileTheRunIsStopped() throws Exception {
    Violation violation = violation(log -> log.remove(event(RunResumed.class, r -> true)));
    assertThat(violation.getMessage())
        .isEqualTo(
            opened(0).position() + ", field event: round 0 is opened while the run is stopped.");
  }

  @Test
  void stopsAndResumptionsOutOfTurn() throws Exception {
    LogRecord stopped = event(RunStopped.class, s -> true);
    LogRecord resumed = event(RunResumed.class, r -> true);
    expect(log -> log.put(resumed, stopped.value()), resumed, "event");
    expect(log -> log.put(stopped, resumed.value()), stopped, "event");
    expect(
        log ->
            log.change(
                stopped,
                LedgerEntry.class,
                e -> {
                  ((RunStopped) e.getEvent()).setRound(0);
                  return e;
                }),
        stopped,
        "round");
    LogRecord end = event(RunFinished.class, f -> true);
    expect(log -> log.put(end, stopped.value()), end, "event");
  }

  @Test
  void commandsThatWereRefusedAreNoViolation() throws Exception {
    MemoryEvidence log = original.copy();
    LogRecord stop = original.all(Topic.COMMANDS).getFirst();
    LogRecord resumption = original.all(Topic.COMMANDS).getLast();
    log.put(moved(stop, resumption.offset()));
    log.put(moved(resumption, resumption.offset() + 1));
    log.put(moved(resumption, resumption.offset() + 2));
    assertThat(log.verify().holds()).isTrue();
  }

  private static LogRecord moved(LogRecord record, long offset) {
    return new LogRecord(
        record.topic(),
        record.partition(),
        offset,
        record.timestamp(),
        record.key(),
        record.value(),
        null,
        record.bytes());
  }

  @Test
  void exchangedUpdates() throws Exception {
    LogRecord one = update(ROUND, AGENT, 3);
    LogRecord other = update(ROUND, "agent-2", 3);
    expect(log -> log.swap(one, other), one.offset() < other.offset() ? one : other, "agentId");
    LogRecord sameAgent = update(ROUND, AGENT, 7);
    expect(log -> log.swap(one, sameAgent), one, "shard");
  }

  @Test
  void exchangedAggregatesAndEntriesOfTheLedger() throws Exception {
    expect(log -> log.swap(aggregate(ROUND, 5), aggregate(ROUND, 9)), aggregate(ROUND, 5), "shard");
    expect(log -> log.swap(closed(ROUND), opened(ROUND + 1)), opened(ROUND + 1), ROUND);
    expect(log -> log.swap(closed(ROUND), closed(ROUND + 1)), closed(ROUND), "round");
  }

  private static void expect(Consumer<MemoryEvidence> tampering, LogRecord place, int round)
      throws InterruptedException {
    Violation violation = violation(tampering);
    assertThat(violation.topic()).isEqualTo(Topic.ROUNDS);
    assertThat(violation.offset().orElseThrow())
        .as("%s", violation)
        .isBetween(closed(round).offset(), place.offset());
  }

  @Test
  void aLogThatWasCutOff() throws Exception {
    Violation ledger = violation(log -> log.truncate(closed(ROUND)));
    assertThat(ledger.topic()).isEqualTo(Topic.ROUNDS);
    assertThat(ledger.what()).startsWith("the ledger ends with round " + (ROUND - 1));

    LogRecord update = update(ROUND, AGENT, 3);
    expect(log -> log.truncate(update), update, "");
    // The first contributor whose submission was cut off with it is another one from run to run.
    Violation submissions = violation(log -> log.truncate(submission(ROUND, AGENT)));
    assertThat(submissions.getMessage())
        .startsWith(closed(ROUND).position() + ", field contributors[");
    assertThat(submissions.field()).endsWith("].submissionDigest");

    Violation aggregates = violation(log -> log.truncate(aggregate(ROUND, 5)));
    assertThat(aggregates.topic()).isEqualTo(Topic.AGGREGATES);
    assertThat(aggregates.partition()).isEqualTo(5 % Ring.SHARD_PARTITIONS);
  }

  /** Cut off everywhere in the same place, a log is that of a younger run: only who knows a later digest notices. */
  @Test
  void aLogThatWasCutOffEverywhereIsNoticedByItsSeal() throws Exception {
    MemoryEvidence log = original.copy();
    log.truncate(event(RunFinished.class, f -> true));
    Verification unfinished = log.verify();
    assertThat(unfinished.holds()).isTrue();
    assertThat(unfinished.finished()).isFalse();

    RunVerifier.Options sealed =
        new RunVerifier.Options(
            OptionalInt.empty(), OptionalInt.empty(), Optional.of(seal.substring(0, 16)), 1);
    assertThat(original.verify(sealed).holds()).isTrue();
    assertThat(log.verify(sealed).violation().orElseThrow().what())
        .contains("no entry up to round 4 has the digest " + seal.substring(0, 16));
  }

  // Contributors and weights

  @Test
  void aContributorThatWasAdded() throws Exception {
    LogRecord record = closed(ROUND);
    Consumer<RoundClosed> addition =
        round ->
            round
                .getContributors()
                .add(1, new Contributor("agent-01", 10L, ByteBuffer.allocate(32)));
    expect(log -> changeClosed(log, ROUND, addition), record, "digest");
    expect(
        log -> {
          changeClosed(log, ROUND, addition);
          mendChain(log);
        },
        record,
        "contributors[1].agentId");
    // Twice the same one, under a name that was asked.
    expect(
        log -> {
          changeClosed(
              log,
              ROUND,
              round ->
                  round
                      .getContributors()
                      .set(
                          0,
                          new Contributor(
                              "agent-0",
                              round.getContributors().get(1).getWeight(),
                              round.getContributors().get(1).getSubmissionDigest())));
          mendChain(log);
        },
        record,
        "contributors[0].submissionDigest");
  }

  @Test
  void aContributorThatWasLeftOut() throws Exception {
    Consumer<RoundClosed> omission = round -> round.getContributors().remove(1);
    expect(log -> changeClosed(log, ROUND, omission), closed(ROUND), "digest");
    expect(
        log -> {
          changeClosed(log, ROUND, omission);
          mendChain(log);
        },
        closed(ROUND),
        "contributors");
  }

  @Test
  void aWeightThatWasChanged() throws Exception {
    LogRecord submission = submission(ROUND, AGENT);
    expect(
        log ->
            log.change(
                submission,
                UpdateSubmitted.class,
                s -> {
                  s.setWeight(s.getWeight() - 1);
                  return s;
                }),
        submission,
        "signature");
    expect(
        log -> {
          changeClosed(log, ROUND, round -> round.getContributors().get(1).setWeight(9L));
          mendChain(log);
        },
        closed(ROUND),
        "contributors[1].weight");
    LogRecord aggregate = aggregate(ROUND, 5);
    expect(
        log ->
            log.change(
                aggregate,
                AggregateShard.class,
                a -> {
                  a.setTotalWeight(a.getTotalWeight() + 1);
                  a.setDigest(ContentDigest.of(a));
                  return a;
                }),
        aggregate,
        "totalWeight");
    LogRecord update = update(ROUND, AGENT, 3);
    expect(
        log ->
            log.change(
                update,
                UpdateShard.class,
                u -> {
                  u.setWeight(u.getWeight() + 1);
                  return u;
                }),
        update,
        "weight");
  }

  // Signatures and replays

  @Test
  void aForgedSignature() throws Exception {
    LogRecord submission = submission(ROUND, AGENT);
    expect(
        log ->
            log.change(
                submission,
                UpdateSubmitted.class,
                s -> {
                  s.setSignature(Signatures.sign(s, Signatures.newKeyPair().getPrivate()));
                  return s;
                }),
        submission,
        "signature");
  }

  /** Whoever takes an agent's place with a key of his own has to change what the ledger says of the agent. */
  @Test
  void aKeyThatWasExchanged() throws Exception {
    expect(
        log ->
            log.change(
                event(AgentAccepted.class, a -> a.getAgentId().equals(AGENT)),
                LedgerEntry.class,
                entry -> {
                  ((AgentAccepted) entry.getEvent())
                      .setPublicKey(Signatures.encode(Signatures.newKeyPair().getPublic()));
                  return entry;
                }),
        closed(0),
        "eventsDigest");
  }

  @Test
  void aSubmissionOfAnotherRoundThatWasReplayed() throws Exception {
    LogRecord submission = submission(ROUND, AGENT);
    expect(log -> log.put(submission, submission(0, AGENT).value()), submission, "round");
  }

  @Test
  void anAggregateOfAnotherRoundThatWasReplayed() throws Exception {
    LogRecord aggregate = aggregate(ROUND, 5);
    expect(log -> log.put(aggregate, aggregate(ROUND - 1, 5).value()), aggregate, "round");
  }

  @Test
  void aRecordThatCannotBeDecoded() throws Exception {
    LogRecord mask = original.all(Topic.MASKS).get(1);
    expect(
        log ->
            log.put(
                new LogRecord(
                    mask.topic(),
                    mask.partition(),
                    mask.offset(),
                    mask.timestamp(),
                    mask.key(),
                    null,
                    "not in Confluent's wire format",
                    3)),
        mask,
        "");
  }

  // Parts of a run

  @Test
  void aRunVerifiesUpToARoundAndFromACheckpoint() throws Exception {
    Verification part = original.verify(options(OptionalInt.of(ROUND), OptionalInt.empty()));
    assertThat(part.violation()).isEmpty();
    assertThat(part.lastRound()).isEqualTo(ROUND);
    assertThat(part.finished()).isFalse();

    Verification rest = original.verify(options(OptionalInt.empty(), OptionalInt.of(ROUNDS - 1)));
    assertThat(rest.violation()).isEmpty();
    assertThat(rest.finished()).isTrue();
    assertThat(rest.recomputedFrom()).isBetween(1, ROUNDS - 1);
    assertThat(rest.rounds()).isEqualTo(ROUNDS);
    assertThat(rest.head()).isEqualTo(seal);
    assertThat(rest.updateBytes()).isPositive();

    MemoryEvidence late = original.copy();
    LogRecord update = update(ROUNDS - 1, AGENT, 3);
    late.change(update, UpdateShard.class, u -> flipped(u, u.getValues(), 5));
    assertThat(late.verify(options(OptionalInt.of(ROUNDS - 2), OptionalInt.empty())).violation())
        .isEmpty();
    assertThat(
            late.verify(options(OptionalInt.empty(), OptionalInt.of(ROUNDS - 1)))
                .violation()
                .orElseThrow()
                .getMessage())
        .startsWith(update.position());

    MemoryEvidence cut = original.copy();
    cut.truncate(closed(0));
    Violation missing =
        cut.verify(options(OptionalInt.empty(), OptionalInt.of(ROUNDS - 1)))
            .violation()
            .orElseThrow();
    assertThat(missing.topic()).isEqualTo(Topic.ROUNDS);
    assertThat(missing.what())
        .isEqualTo(
            "the ledger ends with round -1, but there is a checkpoint before round "
                + rest.recomputedFrom()
                + ".");
  }

  private static RunVerifier.Options options(OptionalInt to, OptionalInt from) {
    return new RunVerifier.Options(to, from, Optional.empty(), 2);
  }

  // Places

  private static LogRecord update(int round, String agent, int shard) {
    return original.first(
        Topic.UPDATES,
        UpdateShard.class,
        u ->
            u.getRound() == round
                && u.getAgentId().equals(agent)
                && u.getKind() == ShardKind.DELTA
                && u.getShard() == shard);
  }

  private static LogRecord aggregate(int round, int shard) {
    return original.first(
        Topic.AGGREGATES,
        AggregateShard.class,
        a -> a.getRound() == round && a.getShard() == shard);
  }

  private static LogRecord submission(int round, String agent) {
    return original.first(
        Topic.SUBMISSIONS,
        UpdateSubmitted.class,
        s -> s.getRound() == round && s.getAgentId().equals(agent) && !s.getShards().isEmpty());
  }

  private static LogRecord closed(int round) {
    return event(RoundClosed.class, c -> c.getRound() == round);
  }

  private static LogRecord opened(int round) {
    return event(RoundOpened.class, o -> o.getRound() == round);
  }

  private static <E> LogRecord event(Class<E> type, Predicate<E> wanted) {
    return original.first(
        Topic.ROUNDS,
        LedgerEntry.class,
        entry -> type.isInstance(entry.getEvent()) && wanted.test(type.cast(entry.getEvent())));
  }

  // Tampering

  private static <T> T flipped(T record, ByteBuffer values, int at) {
    values.put(at, (byte) (values.get(at) ^ 1));
    return record;
  }

  /** Prunes one weight of the third layer, and keeps another instead. */
  private static MaskPublished exchanged(MaskPublished mask) {
    LayerMask layer = mask.getLayers().get(2);
    ByteBuffer bitmap = layer.getBitmap();
    for (int bit : new int[] {1, 0}) {
      int weight =
          IntStream.range(0, 8 * bitmap.remaining())
              .filter(i -> (bitmap.get(i / 8) >> (i % 8) & 1) == bit)
              .findFirst()
              .orElseThrow();
      bitmap.put(weight / 8, (byte) (bitmap.get(weight / 8) ^ 1 << (weight % 8)));
    }
    return mask;
  }

  private static void changeClosed(MemoryEvidence log, int round, Consumer<RoundClosed> change) {
    log.change(
        closed(round),
        LedgerEntry.class,
        entry -> {
          change.accept((RoundClosed) entry.getEvent());
          return entry;
        });
  }

  /** Has every entry of the ledger fit its predecessors again. */
  private static void mendChain(MemoryEvidence log) {
    ByteBuffer previous = ByteBuffer.allocate(0);
    ByteBuffer events = ByteBuffer.allocate(0);
    for (LogRecord record : log.all(Topic.ROUNDS)) {
      LedgerEntry entry =
          SpecificData.get().deepCopy(LedgerEntry.getClassSchema(), (LedgerEntry) record.value());
      log.put(record, entry);
      switch (entry.getEvent()) {
        case RoundClosed closed -> {
          closed.setPreviousDigest(previous);
          closed.setEventsDigest(events);
          closed.setDigest(ContentDigest.of(entry.getRunId(), closed));
          previous = closed.getDigest();
          events = ByteBuffer.allocate(0);
        }
        case RunFinished finished -> {
          finished.setPreviousDigest(previous);
          finished.setEventsDigest(events);
          finished.setDigest(ContentDigest.of(entry.getRunId(), finished));
        }
        default -> events = ContentDigest.chained(events, entry);
      }
    }
  }

  private static void expect(Consumer<MemoryEvidence> tampering, LogRecord place, String field)
      throws InterruptedException {
    Violation violation = violation(tampering);
    assertThat(violation.getMessage())
        .startsWith(place.position() + (field.isEmpty() ? ":" : ", field " + field + ":"));
  }

  private static Violation violation(Consumer<MemoryEvidence> tampering)
      throws InterruptedException {
    MemoryEvidence log = original.copy();
    tampering.accept(log);
    Verification verification = log.verify();
    assertThat(verification.finished()).isFalse();
    return verification.violation().orElseThrow();
  }
}
