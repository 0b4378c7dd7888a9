package io.coppice.aggregator;

import static io.coppice.aggregator.Ring.DEADLINE;
import static io.coppice.aggregator.Ring.PARAMETERS;
import static io.coppice.aggregator.Ring.RUN;
import static io.coppice.aggregator.Ring.layer;
import static io.coppice.aggregator.Ring.mask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.coppice.learning.encoding.Encoding;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.InMemoryRegistry;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateRejected;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AggregatorTopologyTest {

  private static final float[] NONE = {};

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

  // A run from beginning to end

  @Test
  void aRunOpensItsRoundsClosesThemAndFinishes() {
    start();
    assertThat(ring.events(RoundOpened.class))
        .singleElement()
        .satisfies(
            o -> {
              assertThat(o.getRound()).isZero();
              assertThat(o.getParticipants()).containsExactly("a", "b", "c");
              assertThat(o.getDeadlineAt().toEpochMilli() - o.getOpenedAt().toEpochMilli())
                  .isEqualTo(DEADLINE);
            });
    for (int round = 0; round < 3; round++) {
      // b's update comes first, so it is the first summand although it is not the first
      // contributor.
      for (String agent : List.of("b", "c", "a")) {
        ring.submit(ring.update(RUN, agent, round, 20, values(agent.hashCode(), PARAMETERS)));
      }
    }
    List<Object> events = ring.ledger().stream().map(LedgerEntry::getEvent).toList();
    assertThat(events)
        .extracting(e -> (Object) e.getClass())
        .containsExactly(
            RoundClosed.class,
            RoundOpened.class,
            RoundClosed.class,
            RoundOpened.class,
            RoundClosed.class,
            RunFinished.class);
    RoundClosed first = (RoundClosed) events.get(0);
    assertThat(first.getContributors())
        .extracting(Contributor::getAgentId)
        .containsExactly("a", "b", "c");
    assertThat(first.getReason()).isEqualTo(CloseReason.ALL_REPORTED);
    assertThat(first.getDeltaShards()).isEqualTo(3);
    assertThat(((RunFinished) events.get(5)).getRounds()).isEqualTo(3);
    assertThat(ring.aggregates()).hasSize(9);
    assertThat(ring.rejects()).isEmpty();
    assertThat(ring.updates.reread()).isZero();
  }

  @Test
  void theLedgerIsAHashChain() {
    start();
    for (int round = 0; round < 3; round++) {
      submitAll(round);
    }
    ByteBuffer previous = ByteBuffer.allocate(0);
    List<RoundClosed> chain = ring.events(RoundClosed.class);
    assertThat(chain).hasSize(3);
    for (RoundClosed closed : chain) {
      assertThat(closed.getPreviousDigest()).isEqualTo(previous);
      assertThat(closed.getDigest()).isEqualTo(ContentDigest.of(RUN, closed));
      previous = closed.getDigest();
    }
  }

  @Test
  void anAggregateIsTheWeightedMeanOfTheDeltasInTheOrderOfTheOffsets() {
    start();
    List<TestUpdate> updates =
        List.of(
            ring.update(RUN, "c", 0, 40, values(1, PARAMETERS)),
            ring.update(RUN, "a", 0, 7, values(2, PARAMETERS)),
            ring.update(RUN, "b", 0, 13, values(3, PARAMETERS)));
    updates.forEach(ring::submit);

    List<AggregateShard> aggregates = ring.aggregates();
    assertThat(aggregates)
        .extracting(
            AggregateShard::getKind, AggregateShard::getShard, AggregateShard::getValueCount)
        .containsExactly(
            tuple(ShardKind.DELTA, 0, 4),
            tuple(ShardKind.DELTA, 1, 4),
            tuple(ShardKind.DELTA, 2, 2));
    for (AggregateShard aggregate : aggregates) {
      assertThat(aggregate.getTotalWeight()).isEqualTo(60);
      assertThat(aggregate.getDigest()).isEqualTo(ContentDigest.of(aggregate));
      assertThat(aggregate.getContributions())
          .extracting(Contribution::getAgentId)
          .containsExactly("c", "a", "b");
      assertThat(aggregate.getContributions())
          .extracting(Contribution::getOffset)
          .containsExactly(
              (long) aggregate.getShard(), 3L + aggregate.getShard(), 6L + aggregate.getShard());
    }
    float[] mean = joined(aggregates, ShardKind.DELTA, PARAMETERS);
    for (int i = 0; i < PARAMETERS; i++) {
      double sum = 0;
      BigDecimal exact = BigDecimal.ZERO;
      for (TestUpdate update : updates) {
        float value = decoded(update, i);
        long weight = update.submission.getWeight();
        sum += (double) weight * value;
        exact = exact.add(new BigDecimal(value).multiply(BigDecimal.valueOf(weight)));
      }
      assertThat(mean[i]).isEqualTo((float) (sum / 60));
      float nearest = exact.divide(BigDecimal.valueOf(60), MathContext.DECIMAL128).floatValue();
      assertThat(Math.abs(mean[i] - nearest)).isLessThanOrEqualTo(Math.ulp(nearest));
    }
  }

  @Test
  void aggregatesTravelInTheEncodingOfTheRun() {
    TrainingRun run = Ring.run(RUN);
    run.getEncoding().setAggregate(TensorEncoding.BFLOAT16);
    start(run);
    submitAll(0);
    assertThat(ring.events(RoundClosed.class).getFirst().getEncoding())
        .isEqualTo(TensorEncoding.BFLOAT16);
    assertThat(ring.aggregates())
        .hasSize(3)
        .allSatisfy(a -> assertThat(a.getValues().remaining()).isEqualTo(2 * a.getValueCount()));
  }

  @Test
  void theSameRecordsInTheSameOrderGiveTheSameBits(@TempDir Path other) {
    List<Object> once = wholeRun(ring);
    try (Ring again = new Ring(other)) {
      for (String agent : List.of("a", "b", "c")) {
        again.adopt(agent, ring.keys(agent));
      }
      assertThat(wholeRun(again)).isEqualTo(once).hasSize(9 + 3);
    }
  }

  private static List<Object> wholeRun(Ring ring) {
    start(ring, Ring.run(RUN));
    for (int round = 0; round < 3; round++) {
      ring.submit(ring.update(RUN, "b", round, 9, values(round, PARAMETERS)));
      ring.submit(ring.update(RUN, "a", round, 40, values(round + 10, PARAMETERS)));
      ring.submit(ring.update(RUN, "c", round, 1, values(round + 20, PARAMETERS)));
    }
    List<Object> out = new ArrayList<>(ring.aggregates());
    out.addAll(ring.events(RoundClosed.class));
    return out;
  }

  // Starting

  @Test
  void nothingOpensBeforeTheMaskIsThere() {
    ring.define(Ring.run(RUN));
    ring.join(RUN, "a", "b", "c");
    assertThat(ring.events(RoundOpened.class)).isEmpty();
    ring.publish(mask(RUN, 0, 0, 8));
    assertThat(ring.events(RoundOpened.class)).hasSize(1);
  }

  @Test
  void theOrderInWhichDefinitionAgentsAndMaskArriveDoesNotMatter() {
    ring.join(RUN, "b");
    ring.publish(mask(RUN, 0, 0, 8));
    ring.join(RUN, "a", "c");
    ring.define(Ring.run(RUN));
    assertThat(ring.events(RoundOpened.class).getFirst().getParticipants())
        .containsExactly("a", "b", "c");
  }

  @Test
  void aRunStartsWithAQuorumWhenTheDeadlineHasPassed() {
    ring.define(Ring.run(RUN));
    ring.publish(mask(RUN, 0, 0, 8));
    ring.join(RUN, "a");
    ring.pass(DEADLINE + 1000);
    assertThat(ring.events(RoundOpened.class)).as("one of two").isEmpty();
    ring.join(RUN, "b");
    assertThat(ring.events(RoundOpened.class).getFirst().getParticipants())
        .containsExactly("a", "b");
  }

  @Test
  void anAgentThatJoinsTwiceIsOneAgent() {
    ring.define(Ring.run(RUN));
    ring.publish(mask(RUN, 0, 0, 8));
    ring.join(RUN, "a", "b", "b");
    List<LedgerEntry> entries = ring.ledger();
    assertThat(entries).noneMatch(e -> e.getEvent() instanceof RoundOpened);
    assertThat(entries)
        .as("but every time is on record")
        .extracting(LedgerEntry::getEvent)
        .filteredOn(AgentAccepted.class::isInstance)
        .hasSize(3);
  }

  // Deadlines

  @Test
  void aRoundClosesAtItsDeadlineWithoutTheMissingAgentWhichIsAskedAgainWhenItJoins() {
    start();
    ring.submit(ring.update(RUN, "a", 0, 20, values(1, PARAMETERS)));
    ring.submit(ring.update(RUN, "b", 0, 20, values(2, PARAMETERS)));
    ring.pass(DEADLINE - 1000);
    assertThat(ring.events(RoundClosed.class)).isEmpty();
    ring.pass(2000);
    List<LedgerEntry> events = ring.ledger();
    RoundClosed closed = (RoundClosed) events.get(0).getEvent();
    assertThat(closed.getReason()).isEqualTo(CloseReason.DEADLINE);
    assertThat(closed.getContributors()).hasSize(2);
    assertThat(((RoundOpened) events.get(1).getEvent()).getParticipants())
        .containsExactly("a", "b");
    assertThat(ring.aggregates()).hasSize(3);

    ring.join(RUN, "c");
    submit(1, "a", "b");
    assertThat(ring.events(RoundOpened.class).getFirst().getParticipants())
        .containsExactly("a", "b", "c");
  }

  @Test
  void aMissingAgentIsAskedAgainWhenItSubmitsLate() {
    start();
    submit(0, "a", "b");
    ring.pass(DEADLINE + 1000);
    ring.ledger();
    submit(0, "c");
    assertThat(ring.events(UpdateRejected.class))
        .extracting(UpdateRejected::getReason)
        .containsExactly(RejectReason.LATE);
    submit(1, "a", "b");
    assertThat(ring.events(RoundOpened.class).getFirst().getParticipants()).contains("c");
  }

  @Test
  void whenFewerThanAQuorumAreLeftTheMissingAreAskedAsWell() {
    TrainingRun run = Ring.run(RUN);
    start(run);
    submit(0, "a", "b");
    ring.pass(DEADLINE + 1000); // c is missing
    ring.ledger();
    submit(1, "a");
    ring.pass(DEADLINE + 1000);
    assertThat(ring.ledger()).as("one of two: stays open").isEmpty();
    submit(1, "b");
    assertThat(ring.ledger())
        .extracting(e -> (Object) e.getEvent().getClass())
        .startsWith(RoundClosed.class);
  }

  @Test
  void aRoundWithoutItsQuorumStaysOpenAndClosesWithIt() {
    start();
    submit(0, "a");
    ring.pass(10 * DEADLINE);
    assertThat(ring.events(RoundClosed.class)).isEmpty();
    submit(0, "b");
    RoundClosed closed = ring.events(RoundClosed.class).getFirst();
    assertThat(closed.getContributors()).hasSize(2);
    assertThat(closed.getReason()).isEqualTo(CloseReason.DEADLINE);
  }

  @Test
  void aSubmissionThatComesAfterTheDeadlineDoesNotTakePartInWhatTheDeadlineCloses() {
    start();
    submit(0, "a", "b");
    TestUpdate late = ring.update(RUN, "c", 0, 20, values(3, PARAMETERS));
    ring.sendShards(late);
    ring.ledger();
    ring.passSilently(DEADLINE);
    ring.sendSubmission(late);
    List<LedgerEntry> events = ring.ledger();
    assertThat(((RoundClosed) events.get(0).getEvent()).getContributors()).hasSize(2);
    assertThat(((UpdateRejected) events.getLast().getEvent()).getReason())
        .isEqualTo(RejectReason.LATE);
  }

  @Test
  void ticksAreWrittenOnlyWhileADeadlineIsWaitedFor() {
    ring.pass(3000);
    assertThat(ring.ticks()).isEmpty();
    start();
    ring.pass(3000);
    assertThat(ring.ticks()).isNotEmpty();
    ring.pass(DEADLINE);
    ring.ticks();
    ring.pass(3000);
    assertThat(ring.ticks()).as("only updates can close the round now").isEmpty();
  }

  @Test
  void anUpdateWhoseShardsAreMissingAtTheDeadlineIsIncomplete() {
    start();
    submit(0, "a", "b");
    TestUpdate update = ring.update(RUN, "c", 0, 20, values(3, PARAMETERS));
    ring.sendShard(update.shards.getFirst());
    ring.sendSubmission(update);
    ring.ledger();
    ring.pass(DEADLINE + 1000);
    assertThat(ring.events(UpdateRejected.class))
        .singleElement()
        .satisfies(
            r -> {
              assertThat(r.getReason()).isEqualTo(RejectReason.INCOMPLETE);
              assertThat(r.getAgentId()).isEqualTo("c");
              assertThat(r.getSubmissionDigest()).isEqualTo(update.digest());
            });
    // Its one shard was in the sum already.
    assertThat(ring.updates.reread()).isEqualTo(2);
    assertMean(ring.aggregates(), List.of(values(1, PARAMETERS), values(2, PARAMETERS)));
  }

  @Test
  void aLateJoinerIsAskedFromTheNextRound() {
    start();
    ring.ledger();
    ring.join(RUN, "d");
    submit(0, "d");
    assertThat(ring.events(UpdateRejected.class))
        .extracting(UpdateRejected::getReason)
        .containsExactly(RejectReason.NOT_A_PARTICIPANT);
    submitAll(0);
    assertThat(ring.events(RoundOpened.class).getFirst().getParticipants())
        .containsExactly("a", "b", "c", "d");
    assertMean(
        ring.aggregates(),
        List.of(values(1, PARAMETERS), values(2, PARAMETERS), values(3, PARAMETERS)));
  }

  // Rejections

  @Test
  void anAgentThatHasNotJoinedIsNoParticipant() {
    start();
    assertRejected(
        ring.update(RUN, "z", 0, 20, values(9, PARAMETERS)), RejectReason.NOT_A_PARTICIPANT);
  }

  @Test
  void aSecondSubmissionIsADuplicateAndTheFirstStands() {
    start();
    submit(0, "a");
    TestUpdate second = ring.update(RUN, "a", 0, 20, values(99, PARAMETERS));
    assertRejected(second, RejectReason.DUPLICATE);
    submit(0, "b", "c");
    assertMean(
        ring.aggregates(),
        List.of(values(1, PARAMETERS), values(2, PARAMETERS), values(3, PARAMETERS)));
  }

  @Test
  void anUpdateThatLacksShardsIsReplacedByTheNextOfItsSender() {
    start();
    TestUpdate lacking = ring.update(RUN, "a", 0, 20, values(9, PARAMETERS));
    ring.sendShard(lacking.shards.getFirst());
    ring.sendSubmission(lacking);
    ring.sendSubmission(lacking);
    TestUpdate whole = ring.update(RUN, "a", 0, 20, values(5, PARAMETERS));
    ring.submit(whole);
    assertThat(ring.events(UpdateRejected.class))
        .extracting(UpdateRejected::getReason, UpdateRejected::getSubmissionDigest)
        .containsExactly(
            tuple(RejectReason.DUPLICATE, lacking.digest()),
            tuple(RejectReason.INCOMPLETE, lacking.digest()));
    submit(0, "b", "c");
    assertMean(
        ring.aggregates(),
        List.of(values(5, PARAMETERS), values(2, PARAMETERS), values(3, PARAMETERS)));
  }

  @Test
  void aRepeatedShardIsRefusedAndCountsOnce() {
    start();
    TestUpdate update = ring.update(RUN, "a", 0, 20, values(1, PARAMETERS));
    ring.submit(update);
    ring.sendShards(update);
    assertThat(ring.rejects())
        .hasSize(3)
        .extracting(RejectedRecord::getReason)
        .containsOnly(RejectReason.DUPLICATE);
    submit(0, "b", "c");
    assertMean(
        ring.aggregates(),
        List.of(values(1, PARAMETERS), values(2, PARAMETERS), values(3, PARAMETERS)));
  }

  @Test
  void roundsThatAreClosedOrNotOpenAreRefused() {
    start();
    submitAll(0);
    assertRejected(ring.update(RUN, "a", 0, 20, values(1, PARAMETERS)), RejectReason.LATE);
    assertRejected(ring.update(RUN, "a", 2, 20, values(1, PARAMETERS)), RejectReason.EARLY);
    assertRejected(ring.update(RUN, "a", 9, 20, values(1, PARAMETERS)), RejectReason.EARLY);
    assertThat(ring.rejects()).as("the shards are in the log already").isEmpty();
  }

  @Test
  void aValueThatIsNoNumberIsRefused() {
    start();
    for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      float[] delta = values(1, PARAMETERS);
      delta[9] = bad;
      assertRejected(ring.update(RUN, "a", 0, 20, delta), RejectReason.NON_FINITE);
      assertThat(ring.rejects())
          .singleElement()
          .satisfies(
              r -> {
                assertThat(r.getReason()).isEqualTo(RejectReason.NON_FINITE);
                assertThat(r.getDetail()).contains("Value 1 of DELTA shard 2");
                assertThat(r.getPayload().remaining()).isPositive();
              });
    }
    submit(0, "b", "c");
    assertMean(ring.aggregates(), List.of(values(2, PARAMETERS), values(3, PARAMETERS)));
  }

  @Test
  void anUpdateOfAnotherShapeIsRefused() {
    start();
    assertRejected(ring.update(RUN, "a", 0, 20, values(1, 9)), RejectReason.WRONG_SHAPE);
    assertRejected(ring.update(RUN, "a", 0, 20, values(1, 4)), RejectReason.WRONG_SHAPE);
    assertRejected(
        ring.update(RUN, "a", 0, 0, 20, values(1, PARAMETERS), values(2, PARAMETERS)),
        RejectReason.WRONG_SHAPE);
    submitAll(0);
    assertMean(
        ring.aggregates(),
        List.of(values(1, PARAMETERS), values(2, PARAMETERS), values(3, PARAMETERS)));
  }

  @Test
  void anUpdateUnderAnotherMaskIsRefused() {
    start();
    assertRejected(
        ring.update(RUN, "a", 0, 1, 20, values(1, PARAMETERS), NONE), RejectReason.WRONG_MASK);
    assertRejected(
        ring.update(RUN, "b", 0, 20, values(1, PARAMETERS)).bendShards(s -> s.setMaskVersion(1)),
        RejectReason.WRONG_MASK);
  }

  @Test
  void aWeightIsBoundedByWhatTheRoundAndTheAgentAllow() {
    start();
    for (long weight : new long[] {0, -1, 41, Long.MAX_VALUE}) {
      assertRejected(
          ring.update(RUN, "a", 0, weight, values(1, PARAMETERS)), RejectReason.BAD_WEIGHT);
    }
    ring.submit(ring.update(RUN, "a", 0, 40, values(1, PARAMETERS)));
    assertRejected(
        ring.update(RUN, "b", 0, 20, values(1, PARAMETERS)).bendShards(s -> s.setWeight(21L)),
        RejectReason.BAD_WEIGHT);
    TrainingRun generous = Ring.run("run-b");
    generous.getTraining().setLocalSteps(1000);
    start(generous);
    assertRejected(
        ring.update("run-b", "a", 0, 51, values(1, PARAMETERS)), RejectReason.BAD_WEIGHT);
  }

  @Test
  void aSubmissionThatTheAgentDidNotSignDoesNotCountAsItsReport() {
    start();
    submit(0, "a", "b");
    ring.ledger();
    TestUpdate forged =
        new TestUpdate(
            RUN,
            "c",
            io.coppice.schemas.Signatures.newKeyPair(),
            0,
            0,
            20,
            values(9, PARAMETERS),
            NONE);
    ring.submit(forged);
    assertThat(ring.ledger())
        .singleElement()
        .satisfies(
            e ->
                assertThat(((UpdateRejected) e.getEvent()).getReason())
                    .isEqualTo(RejectReason.BAD_SIGNATURE));
    submit(0, "c");
    assertThat(ring.events(RoundClosed.class).getFirst().getContributors()).hasSize(3);
    assertMean(
        ring.aggregates(),
        List.of(values(1, PARAMETERS), values(2, PARAMETERS), values(3, PARAMETERS)));
  }

  @Test
  void shardsThatAreNotThoseThatWereSubmittedAreRefused() {
    start();
    TestUpdate update = ring.update(RUN, "a", 0, 20, values(1, PARAMETERS));
    update.shards.get(1).setValues(Encoding.FLOAT32.encode(values(7, PARAMETERS), 0, 4));
    assertRejected(update, RejectReason.DIGEST_MISMATCH);
  }

  @Test
  void shardsThatContradictEachOtherAreRefused() {
    start();
    TestUpdate update = ring.update(RUN, "a", 0, 20, values(1, PARAMETERS));
    update.shards.get(1).setWeight(19L);
    assertRejected(update, RejectReason.MALFORMED);
  }

  @Test
  void aRejectedAgentMayTryAgainWhileTheRoundIsOpen() {
    start();
    TestUpdate first = ring.update(RUN, "a", 0, 41, values(9, PARAMETERS));
    assertRejected(first, RejectReason.BAD_WEIGHT);
    submitAll(0);
    RoundClosed closed = ring.events(RoundClosed.class).getFirst();
    assertThat(closed.getContributors()).hasSize(3);
    assertThat(closed.getReason()).isEqualTo(CloseReason.ALL_REPORTED);
    // The sums hold a's first try: they are made again from the second.
    assertThat(ring.updates.reread()).isEqualTo(9);
    assertMean(
        ring.aggregates(),
        List.of(values(1, PARAMETERS), values(2, PARAMETERS), values(3, PARAMETERS)));
  }

  @Test
  void aRoundInWhichTooManyAreRejectedWaitsForAnotherTry() {
    start();
    TestUpdate a = ring.update(RUN, "a", 0, 20, values(1, PARAMETERS)).again();
    for (String agent : List.of("a", "b")) {
      assertRejected(
          ring.update(RUN, agent, 0, 41, values(9, PARAMETERS)), RejectReason.BAD_WEIGHT);
    }
    submit(0, "c");
    assertThat(ring.ledger()).isEmpty();
    ring.submit(a);
    assertThat(ring.events(RoundClosed.class).getFirst().getContributors())
        .extracting(Contributor::getAgentId)
        .containsExactly("a", "c");
  }

  @Test
  void anUpdateRejectedAfterItsShardsWereAddedIsNotInTheAggregate() {
    start();
    assertRejected(ring.update(RUN, "b", 0, 41, values(9, PARAMETERS)), RejectReason.BAD_WEIGHT);
    submit(0, "a", "c");
    assertThat(ring.updates.reread()).isEqualTo(6);
    assertMean(ring.aggregates(), List.of(values(1, PARAMETERS), values(3, PARAMETERS)));
  }

  // Masks

  @Test
  void aReconfigurationRoundCarriesImportanceAndTheNextWaitsForItsMask() {
    TrainingRun run = Ring.run(RUN);
    run.getPruning().setPolicy("prunefl");
    start(run);
    assertThat(ring.events(RoundOpened.class).getFirst().getImportance()).isFalse();
    submitAll(0);
    assertThat(ring.events(RoundOpened.class).getFirst().getImportance()).isTrue();
    ring.aggregates();

    float[] importance = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1e30f};
    assertRejected(ring.update(RUN, "a", 1, 20, values(1, PARAMETERS)), RejectReason.WRONG_SHAPE);
    for (String agent : List.of("a", "b", "c")) {
      ring.submit(
          ring.update(
              RUN, agent, 1, 0, agent.equals("a") ? 1 : 40, values(4, PARAMETERS), importance));
    }
    assertThat(ring.events(RoundClosed.class).getFirst().getImportanceShards()).isEqualTo(3);
    assertThat(ring.aggregates()).hasSize(3);
    List<AggregateShard> shards = ring.importance();
    assertThat(shards).hasSize(3);
    float[] sum = joined(shards, ShardKind.IMPORTANCE, PARAMETERS);
    for (int i = 0; i < PARAMETERS; i++) {
      assertThat(sum[i]).as("unweighted").isEqualTo((float) (3.0 * importance[i]));
    }
    assertThat(ring.ledger()).as("no round without the mask").isEmpty();

    ring.publish(mask(RUN, 1, 2, 5));
    assertThat(ring.events(RoundOpened.class))
        .singleElement()
        .satisfies(o -> assertThat(o.getMaskVersion()).isEqualTo(1));
    // 7 active parameters, and importance of all 10.
    for (String agent : List.of("a", "b", "c")) {
      ring.submit(ring.update(RUN, agent, 2, 1, 20, values(4, 7), importance));
    }
    assertThat(ring.aggregates()).hasSize(2);
    assertThat(ring.importance()).hasSize(3);
    assertThat(ring.ledger().getLast().getEvent()).isInstanceOf(RunFinished.class);
  }

  @Test
  void aDecisionWithoutUploadStillHasTheNextRoundWaitForItsMask() {
    TrainingRun run = Ring.run(RUN);
    run.getPruning().setPolicy("any");
    run.getPruning().setDecisions(new DecisionSchedule(0, 2, 2, DecisionUpload.NOTHING));
    start(run);
    submitAll(0);
    assertThat(ring.events(RoundOpened.class))
        .singleElement()
        .satisfies(opened -> assertThat(opened.getImportance()).isFalse());
    ring.publish(mask(RUN, 1, 1, 5));
    assertThat(ring.events(RoundOpened.class))
        .singleElement()
        .satisfies(opened -> assertThat(opened.getMaskVersion()).isEqualTo(1));
  }

  @Test
  void aRoundAsksAsManyAgentsAsTheRunSaysAndOthersInTheNext() {
    TrainingRun run = Ring.run(RUN);
    run.setRounds(40);
    run.getParticipation().setParticipants(2);
    start(run);
    Map<String, Integer> asked = new TreeMap<>();
    for (int round = 0; round < 40; round++) {
      RoundOpened opened = ring.events(RoundOpened.class).getLast();
      assertThat(opened.getRound()).isEqualTo(round);
      assertThat(opened.getParticipants()).hasSize(2).isSorted();
      opened.getParticipants().forEach(agent -> asked.merge(agent, 1, Integer::sum));
      submit(round, opened.getParticipants().toArray(String[]::new));
    }
    assertThat(asked).containsOnlyKeys("a", "b", "c");
    assertThat(asked.values()).allMatch(times -> times > 15 && times < 38);
  }

  @Test
  void othersAreAskedWhereThoseWhoWereDrawnStaySilent() {
    TrainingRun run = Ring.run(RUN);
    run.getParticipation().setParticipants(2);
    start(run);
    List<String> drawn = ring.events(RoundOpened.class).getFirst().getParticipants();
    String other = otherThan(drawn);
    submit(0, drawn.getFirst());
    ring.pass(DEADLINE + 1000);
    assertThat(ring.events(RoundOpened.class))
        .singleElement()
        .satisfies(
            again -> {
              assertThat(again.getRound()).isZero();
              assertThat(again.getParticipants()).containsExactly("a", "b", "c");
              assertThat(again.getDeadlineAt()).isAfter(again.getOpenedAt());
            });
    ring.pass(DEADLINE + 1000);
    assertThat(ring.ledger()).as("nobody is left to be asked").isEmpty();
    submit(0, other);
    RoundClosed closed = (RoundClosed) ring.ledger().getFirst().getEvent();
    assertThat(closed.getContributors())
        .extracting(Contributor::getAgentId)
        .containsExactlyInAnyOrder(drawn.getFirst(), other);
  }

  @Test
  void whoJoinsARoundThatIsOverdueIsAskedInIt() {
    start();
    submit(0, "a", "b");
    ring.pass(DEADLINE + 1000); // c is missing
    ring.ledger();
    submit(1, "a");
    ring.pass(DEADLINE + 1000);
    assertThat(ring.ledger()).isEmpty();
    ring.join(RUN, "c");
    assertThat(ring.events(RoundOpened.class).getFirst().getParticipants())
        .containsExactly("a", "b", "c");
    submit(1, "c");
    ring.pass(DEADLINE + 1000);
    assertThat(ring.events(RoundClosed.class).getFirst().getContributors()).hasSize(2);
  }

  private static String otherThan(List<String> agents) {
    return Stream.of("a", "b", "c").filter(agent -> !agents.contains(agent)).findFirst().get();
  }

  @Test
  void whoIsNotAskedIsNoParticipant() {
    TrainingRun run = Ring.run(RUN);
    run.getParticipation().setParticipants(2);
    start(run);
    List<String> asked = ring.events(RoundOpened.class).getFirst().getParticipants();
    assertRejected(
        ring.update(RUN, otherThan(asked), 0, 40, values(1, PARAMETERS)),
        RejectReason.NOT_A_PARTICIPANT);
  }

  @Test
  void lossesAreTakenOnlyWhereTheMaskAsksForThem() {
    start();
    assertRejected(probed(5), RejectReason.MALFORMED);
  }

  @Test
  void lossesAreThoseOfNoMoreSamplesThanTheUpdateHas() {
    ring.define(Ring.run(RUN));
    MaskPublished asking = mask(RUN, 0, 0, 8);
    asking.setProbeDensity(0.5);
    asking.setDigest(ContentDigest.of(asking));
    ring.publish(asking);
    ring.join(RUN, "a", "b", "c");
    assertRejected(probed(0), RejectReason.MALFORMED);
    assertRejected(probed(21), RejectReason.MALFORMED);
    ring.submit(probed(20));
    submit(0, "b", "c");
    assertThat(ring.events(RoundClosed.class).getFirst().getContributors()).hasSize(3);
  }

  private TestUpdate probed(int samples) {
    return ring.update(RUN, "a", 0, 20, values(1, PARAMETERS))
        .bendSubmission(s -> s.setProbe(new ProbeLosses(samples, 3.0, 2.0, 2.5)));
  }

  @Test
  void aMaskThatNobodyWaitsForIsRefused() {
    start();
    ring.publish(mask(RUN, 0, 0, 8));
    ring.publish(mask(RUN, 1, 1, 5));
    ring.publish(mask(RUN, 2, 1, 5));
    assertThat(ring.rejects())
        .extracting(RejectedRecord::getReason)
        .containsExactly(RejectReason.DUPLICATE, RejectReason.WRONG_MASK, RejectReason.WRONG_MASK);
  }

  // Initial pruning

  @Test
  void oneAgentPrunesFirstAndRoundZeroWaitsForItsMask() {
    startWithInitialPruning();
    assertThat(ring.events(RoundOpened.class))
        .singleElement()
        .satisfies(
            o -> {
              assertThat(o.getRound()).isEqualTo(-1);
              assertThat(o.getParticipants()).containsExactly("a");
            });
    assertRejected(
        ring.update(RUN, "b", -1, 30, values(1, PARAMETERS)).proposing(layer(3)),
        RejectReason.NOT_A_PARTICIPANT);
    assertRejected(ring.update(RUN, "a", -1, 30, values(1, PARAMETERS)), RejectReason.MALFORMED);
    assertRejected(
        ring.update(RUN, "a", -1, 31, values(1, PARAMETERS)).proposing(layer(3)),
        RejectReason.BAD_WEIGHT);
    var miscounted = layer(3);
    miscounted.setKept(4);
    assertRejected(
        ring.update(RUN, "a", -1, 30, values(1, PARAMETERS)).proposing(miscounted),
        RejectReason.MALFORMED);

    ring.submit(ring.update(RUN, "a", -1, 30, values(1, PARAMETERS)).proposing(layer(3)));
    assertThat(ring.ledger())
        .singleElement()
        .satisfies(e -> assertThat(((RoundClosed) e.getEvent()).getRound()).isEqualTo(-1));
    assertMean(ring.aggregates(), List.of(values(1, PARAMETERS)));

    ring.publish(mask(RUN, 1, 0, 3));
    assertThat(ring.events(RoundOpened.class))
        .singleElement()
        .satisfies(
            o -> {
              assertThat(o.getRound()).isZero();
              assertThat(o.getMaskVersion()).isEqualTo(1);
              assertThat(o.getParticipants()).containsExactly("a", "b", "c");
            });
  }

  @Test
  void anotherAgentIsAskedWhenTheFirstGivesNoResultAndInTheEndTheFirstAgain() {
    startWithInitialPruning();
    ring.ledger();
    TestUpdate fromA = ring.update(RUN, "a", -1, 30, values(1, PARAMETERS)).proposing(layer(3));
    for (String next : List.of("b", "c", "a")) {
      ring.pass(2 * DEADLINE + 1000);
      assertThat(ring.events(RoundOpened.class))
          .singleElement()
          .satisfies(o -> assertThat(o.getParticipants()).containsExactly(next));
      if (next.equals("b")) {
        assertRejected(fromA, RejectReason.NOT_A_PARTICIPANT);
      }
    }
    // Word for word what was refused before: its shards are there already, and are checked again.
    ring.submit(fromA);
    assertThat(ring.events(RoundClosed.class).getFirst().getContributors())
        .extracting(Contributor::getAgentId)
        .containsExactly("a");
    assertMean(ring.aggregates(), List.of(values(1, PARAMETERS)));
  }

  // Others

  @Test
  void runsDoNotTouchEachOther() {
    start();
    start(Ring.run("run-b"));
    ring.ledger();
    for (String agent : List.of("a", "b", "c")) {
      ring.submit(ring.update(RUN, agent, 0, 20, values(1, PARAMETERS)));
      ring.submit(ring.update("run-b", agent, 0, 20, values(2, PARAMETERS)));
    }
    assertThat(ring.ledger())
        .filteredOn(e -> e.getEvent() instanceof RoundClosed)
        .extracting(LedgerEntry::getRunId)
        .containsExactly(RUN, "run-b");
    List<AggregateShard> aggregates = ring.aggregates();
    assertThat(
            joined(
                aggregates.stream().filter(a -> a.getRunId().equals(RUN)).toList(),
                ShardKind.DELTA,
                PARAMETERS))
        .isEqualTo(values(1, PARAMETERS));
    assertThat(
            joined(
                aggregates.stream().filter(a -> a.getRunId().equals("run-b")).toList(),
                ShardKind.DELTA,
                PARAMETERS))
        .isEqualTo(values(2, PARAMETERS));
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "UPDATES",
        "CLOSES",
        "RUNS",
        "COMMANDS",
        "AGENTS",
        "SUBMISSIONS",
        "MASKS",
        "CHECKS",
        "DIGESTS",
        "TICKS"
      })
  void garbageBecomesARejectAndTheRunGoesOn(Topic topic) {
    start();
    byte[][] garbage = {
      null,
      {},
      {0},
      {1, 2, 3, 4, 5, 6, 7, 8},
      {0, 0x7f, 0, 0, 0, 1, 2, 3}, // a schema that does not exist
      {0, 0, 0, 0, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}, // one that does, and nonsense
      new LogSerdes(new InMemoryRegistry())
          .ticks.serialize("x", new io.coppice.schemas.Tick("Not A Run", 1)),
    };
    for (byte[] value : garbage) {
      ring.sendRaw(topic, new byte[] {-1, 0, 7}, value);
    }
    assertThat(ring.rejects())
        .hasSize(garbage.length)
        .allSatisfy(r -> assertThat(r.getTopic()).isEqualTo(Ring.name(topic)))
        .extracting(RejectedRecord::getReason)
        .contains(RejectReason.UNDECODABLE);
    submitAll(0);
    assertThat(ring.events(RoundClosed.class).getFirst().getContributors()).hasSize(3);
    assertThat(ring.aggregates()).hasSize(3);
  }

  @Test
  void definitionsThatCannotBeRunAreRefused() {
    List<Consumer<TrainingRun>> bends =
        List.of(
            r -> r.setRounds(0),
            r -> r.getParticipation().setQuorum(4),
            r -> r.getParticipation().setQuorum(0),
            r -> r.getParticipation().setDeadlineMillis(0),
            r -> r.getParticipation().setParticipants(1),
            r -> r.getParticipation().setParticipants(4),
            r ->
                r.getPruning().setDecisions(new DecisionSchedule(-1, 1, 5, DecisionUpload.NOTHING)),
            r -> r.getPruning().setDecisions(new DecisionSchedule(0, 0, 5, DecisionUpload.NOTHING)),
            r -> r.setShardValues(0),
            r -> r.getTraining().setBatchSize(0),
            r -> r.getEncoding().setDelta(TensorEncoding.UFLOAT8),
            r -> r.getEncoding().setAggregate(TensorEncoding.SPARSE_UFLOAT8),
            r -> r.getEvaluation().setEvery(0),
            r -> r.setRunId("Not A Name"));
    for (Consumer<TrainingRun> bend : bends) {
      TrainingRun run = Ring.run(RUN);
      bend.accept(run);
      ring.define(run);
      assertThat(ring.rejects())
          .extracting(RejectedRecord::getReason)
          .containsExactly(RejectReason.MALFORMED);
    }
    ring.define(Ring.run(RUN));
    ring.define(Ring.run(RUN));
    assertThat(ring.rejects())
        .extracting(RejectedRecord::getReason)
        .containsExactly(RejectReason.DUPLICATE);
  }

  @Test
  void anUpdateForARunThatDoesNotExistIsRefused() {
    ring.submit(ring.update("no-run", "a", 0, 20, values(1, PARAMETERS)));
    assertThat(ring.rejects())
        .extracting(RejectedRecord::getReason)
        .containsExactly(RejectReason.UNKNOWN_RUN);
  }

  // Helpers

  private void start() {
    start(Ring.run(RUN));
  }

  private void start(TrainingRun run) {
    start(ring, run);
  }

  private static void start(Ring ring, TrainingRun run) {
    ring.define(run);
    ring.publish(mask(run.getRunId(), 0, 0, 8));
    ring.join(run.getRunId(), "c", "a", "b");
  }

  private void startWithInitialPruning() {
    TrainingRun run = Ring.run(RUN);
    run.setInitialPruning(Ring.initialPruning());
    start(run);
  }

  private void submitAll(int round) {
    submit(round, "a", "b", "c");
  }

  /** Updates of weight 20, whose values depend on the agent alone: 1 for a, 2 for b, ... */
  private void submit(int round, String... agents) {
    for (String agent : agents) {
      ring.submit(
          ring.update(RUN, agent, round, 20, values(agent.charAt(0) - 'a' + 1, PARAMETERS)));
    }
  }

  private void assertRejected(TestUpdate update, RejectReason reason) {
    ring.ledger();
    ring.submit(update);
    assertThat(ring.events(UpdateRejected.class))
        .singleElement()
        .satisfies(
            r -> {
              assertThat(r.getReason()).as(r.getDetail()).isEqualTo(reason);
              assertThat(r.getAgentId()).isEqualTo(update.submission.getAgentId());
              assertThat(r.getDetail()).isNotBlank();
            });
  }

  /** The first round's aggregate is the plain mean of these, all of weight 20. */
  private static void assertMean(List<AggregateShard> aggregates, List<float[]> summands) {
    float[] mean = joined(aggregates, ShardKind.DELTA, PARAMETERS);
    for (int i = 0; i < PARAMETERS; i++) {
      double sum = 0;
      for (float[] summand : summands) {
        sum += 20.0 * summand[i];
      }
      assertThat(mean[i]).isEqualTo((float) (sum / (20.0 * summands.size())));
    }
  }

  private static float[] joined(List<AggregateShard> aggregates, ShardKind kind, int values) {
    float[] joined = new float[values];
    for (AggregateShard a : aggregates) {
      if (a.getKind() == kind) {
        Encoding.valueOf(a.getEncoding().name())
            .decode(a.getValues(), joined, TestUpdate.SHARDS.from(a.getShard()), a.getValueCount());
      }
    }
    return joined;
  }

  private static float decoded(TestUpdate update, int index) {
    float[] shard = new float[4];
    var s = update.shards.get(index / 4);
    Encoding.FLOAT32.decode(s.getValues(), shard, 0, s.getValueCount());
    return shard[index % 4];
  }

  private static float[] values(long seed, int count) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (random.nextFloat() - 0.5f) * (float) Math.pow(10, random.nextInt(12) - 6);
    }
    return values;
  }
}
