package io.coppice.aggregator.rounds;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.aggregator.Ring;
import io.coppice.aggregator.TestUpdate;
import io.coppice.aggregator.observe.Telemetry;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AggregateDigest;
import io.coppice.schemas.AggregateDigests;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.InMemoryRegistry;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Tick;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateRejected;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One task of several: the run's one of 4 partitions, with shards in 2 partitions. */
class RoundCoordinatorTest {

  private static final String RUN = "run-a";
  private static final int RUN_PARTITIONS = 4;
  private static final int OWN = LogKeys.runPartition(RUN, RUN_PARTITIONS);
  private static final Sizing PARTITIONS = new Sizing(2, RUN_PARTITIONS, Optional.empty());

  @TempDir Path directory;
  private final KeyPair keys = Signatures.newKeyPair();
  private final LogSerdes serdes = new LogSerdes(new InMemoryRegistry());
  private MockProcessorContext<byte[], SpecificRecord> context;
  private KeyValueStore<String, byte[]> store;
  private RoundCoordinator coordinator;
  private TestUpdate update;
  private boolean restartAlways;

  /** What went into the ledger before the last restart. */
  private final List<LedgerEntry> written = new ArrayList<>();

  @BeforeEach
  void openRoundZeroForOneAgent() {
    store =
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(RoundCoordinator.STORE),
                Serdes.String(),
                Serdes.ByteArray())
            .withLoggingDisabled()
            .build();
    restart();
    TrainingRun run = Ring.run(RUN);
    run.getParticipation().setExpectedAgents(1);
    run.getParticipation().setQuorum(1);
    send(Topic.RUNS, serdes.runs, run);
    send(Topic.MASKS, serdes.masks, Ring.mask(RUN, 0, 0, 8));
    send(
        Topic.AGENTS,
        serdes.agents,
        new AgentJoined(
            RUN, "a", Instant.EPOCH, 100, 50L, null, Signatures.encode(keys.getPublic())));
    update = update(0);
  }

  private TestUpdate update(int round) {
    return new TestUpdate(
        RUN, "a", keys, round, 0, 20, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, new float[0]);
  }

  private void restart() {
    Properties settings = new Properties();
    settings.put("application.id", "test");
    settings.put("bootstrap.servers", "nowhere:1");
    if (context != null) {
      written.addAll(ledger());
    }
    context =
        new MockProcessorContext<>(settings, new TaskId(1, OWN), new File(directory.toString()));
    if (!store.isOpen()) {
      store.init(context.getStateStoreContext(), store);
    }
    context.addStateStore(store);
    coordinator =
        new RoundCoordinator(
            serdes,
            "coppice.",
            PARTITIONS,
            Duration.ofSeconds(1),
            new Telemetry(new SimpleMeterRegistry()));
    coordinator.init(context);
  }

  @Test
  void anUpdateIsAdmittedWhenAllPartitionsAgreeInWhateverOrder() {
    check(1, null);
    assertThat(closes()).isEmpty();
    submit();
    assertThat(closes()).as("partition 0 has not reported").isEmpty();
    check(0, null);
    assertThat(closes()).hasSize(1);
  }

  @Test
  void aRoundThatOpensAndOneThatClosesAreCommittedAtOnce() {
    assertThat(context.committed()).as("round 0 is open").isTrue();
    for (int round = 0; round < 2; round++) {
      reportAll(round);
      send(Topic.DIGESTS, serdes.digests, digests(round, 0));
      send(Topic.DIGESTS, serdes.digests, digests(round, 1));
    }
    update = update(2);
    context.resetCommit();
    submit();
    check(0, null);
    assertThat(context.committed()).as("nobody waits for what is collected").isFalse();
    check(1, null);
    assertThat(closes().getLast().getRound()).isEqualTo(2);
    assertThat(context.committed()).as("the last round is closed").isTrue();
  }

  @Test
  void whatWasCollectedSurvivesARestart() {
    check(1, null);
    restart();
    submit();
    restart();
    assertThat(closes()).isEmpty();
    check(0, null);
    assertThat(closes())
        .singleElement()
        .satisfies(
            c ->
                assertThat(c.getContributors().getFirst().getSubmissionDigest())
                    .isEqualTo(update.digest()));
  }

  @Test
  void oneFaultyPartitionIsEnoughForARejection() {
    check(0, null);
    submit();
    check(1, RejectReason.NON_FINITE);
    assertThat(rejections()).containsExactly(RejectReason.NON_FINITE);
    check(1, null);
    assertThat(closes()).isEmpty();
  }

  @Test
  void theSamePartitionTwiceIsNotTwoPartitions() {
    submit();
    check(1, null);
    check(1, null);
    assertThat(closes()).isEmpty();
  }

  @Test
  void checksOfAnotherAttemptDoNotCount() {
    check(0, null);
    check(1, null);
    update.again();
    submit();
    assertThat(closes()).isEmpty();
    check(0, null);
    check(1, null);
    assertThat(closes()).hasSize(1);
  }

  @Test
  void aRecordInTheWrongPartitionIsRefused() {
    context.setRecordMetadata(Ring.name(Topic.RUNS), (OWN + 1) % RUN_PARTITIONS, 0);
    coordinator.process(
        new Record<>(
            RUN.getBytes(UTF_8), serdes.runs.serialize(Ring.name(Topic.RUNS), Ring.run(RUN)), 0));
    assertThat(forwarded(RejectedRecord.class).getLast().getDetail())
        .contains("belong into partition " + OWN);
  }

  @Test
  void aRecordUnderAnotherKeyIsRefused() {
    context.setRecordMetadata(Ring.name(Topic.RUNS), OWN, 0);
    coordinator.process(
        new Record<>(
            "run-b".getBytes(UTF_8),
            serdes.runs.serialize(Ring.name(Topic.RUNS), Ring.run(RUN)),
            0));
    assertThat(forwarded(RejectedRecord.class).getLast().getDetail())
        .contains("The key of this record is " + RUN);
  }

  @Test
  void nothingOfAClosedRoundIsLeftInTheStore() {
    submit();
    check(0, null);
    check(1, null);
    try (var entries = store.prefixScan("submission/", Serdes.String().serializer())) {
      assertThat(entries.hasNext()).isFalse();
    }
    try (var entries = store.prefixScan("check/", Serdes.String().serializer())) {
      assertThat(entries.hasNext()).isFalse();
    }
  }

  // Digests of the aggregates

  @Test
  void aRoundClosesWhenTheAggregatesOfTheOneBeforeAreKnown() {
    reportAll(0);
    assertThat(closes()).hasSize(1);
    reportAll(1);
    assertThat(closes()).as("nobody knows what has become of round 0").hasSize(1);
    send(Topic.DIGESTS, serdes.digests, digests(0, 1));
    restart();
    tick(Ring.DEADLINE * 3);
    assertThat(closes()).as("partition 0 has not told").isEmpty();
    send(Topic.DIGESTS, serdes.digests, digests(0, 0));
    assertThat(closes())
        .singleElement()
        .satisfies(
            c -> {
              assertThat(c.getRound()).isEqualTo(1);
              assertThat(c.getReason()).isEqualTo(CloseReason.ALL_REPORTED);
              assertThat(c.getAggregatesDigest()).isEqualTo(allDigests(0));
            });
    assertThat(forwarded(RejectedRecord.class)).isEmpty();
  }

  @Test
  void whatWasWrittenBeforeTheDeadlineAndReadBehindItDoesNotCloseTheRoundBeforeIt() {
    send(
        Topic.AGENTS,
        serdes.agents,
        new AgentJoined(
            RUN, "b", Instant.EPOCH, 100, 50L, null, Signatures.encode(keys.getPublic())));
    reportAll(0);
    send(Topic.DIGESTS, serdes.digests, digests(0, 0));
    send(Topic.DIGESTS, serdes.digests, digests(0, 1));
    long deadline = 1000 + Ring.DEADLINE;
    tick(deadline);
    reportAll(1);
    assertThat(closes().getLast().getReason()).isEqualTo(CloseReason.DEADLINE);
    assertThat(closes().getLast().getClosedAt()).isEqualTo(Instant.ofEpochMilli(deadline));
  }

  @Test
  void theFirstRoundHasNoAggregatesBeforeIt() {
    reportAll(0);
    assertThat(closes().getFirst().getAggregatesDigest().remaining()).isZero();
    assertThat(closes().getFirst().getMaskDigest()).isEqualTo(Ring.mask(RUN, 0, 0, 8).getDigest());
  }

  @Test
  void theRunIsSealedWhenItsLastAggregatesAreKnownAndWhateverComesBeforeIsInTheSeal() {
    for (int round = 0; round < 3; round++) {
      reportAll(round);
      if (round < 2) {
        send(Topic.DIGESTS, serdes.digests, digests(round, 0));
        send(Topic.DIGESTS, serdes.digests, digests(round, 1));
      }
    }
    RoundClosed last = closes().getLast();
    assertThat(last.getRound()).isEqualTo(2);
    assertThat(events(RunFinished.class)).isEmpty();
    update = update(2).again();
    submit();
    assertThat(rejections()).containsExactly(RejectReason.LATE);
    UpdateRejected late = events(UpdateRejected.class).getLast();
    send(Topic.DIGESTS, serdes.digests, digests(2, 0));
    restart();
    assertThat(events(RunFinished.class)).isEmpty();
    send(Topic.DIGESTS, serdes.digests, digests(2, 1));
    assertThat(events(RunFinished.class))
        .singleElement()
        .satisfies(
            seal -> {
              assertThat(seal.getPreviousDigest()).isEqualTo(last.getDigest());
              assertThat(seal.getAggregatesDigest()).isEqualTo(allDigests(2));
              assertThat(seal.getEventsDigest())
                  .isEqualTo(
                      ContentDigest.chained(ByteBuffer.allocate(0), new LedgerEntry(RUN, late)));
              assertThat(seal.getDigest()).isEqualTo(ContentDigest.of(RUN, seal));
            });
    send(Topic.DIGESTS, serdes.digests, digests(2, 1));
    tick(Ring.DEADLINE * 9);
    assertThat(events(RunFinished.class)).hasSize(1);
  }

  @Test
  void aRunThatOnlyWaitsForItsSealCannotBeStopped() {
    for (int round = 0; round < 3; round++) {
      reportAll(round);
      send(Topic.DIGESTS, serdes.digests, digests(round, 0));
      if (round < 2) {
        send(Topic.DIGESTS, serdes.digests, digests(round, 1));
      }
    }
    command(RunAction.STOP);
    assertThat(refusals()).containsExactly(RejectReason.LATE);
    send(Topic.DIGESTS, serdes.digests, digests(2, 1));
    assertThat(events(RunFinished.class)).hasSize(1);
    assertThat(events(RunStopped.class)).isEmpty();
  }

  @Test
  void theSameDigestsTwiceAreThoseOfOnePartition() {
    reportAll(0);
    reportAll(1);
    send(Topic.DIGESTS, serdes.digests, digests(0, 1));
    send(Topic.DIGESTS, serdes.digests, digests(0, 1));
    assertThat(closes()).hasSize(1);
    assertThat(forwarded(RejectedRecord.class)).isEmpty();
  }

  @Test
  void digestsThatContradictThoseThatAreThereAreRefused() {
    reportAll(0);
    reportAll(1);
    send(Topic.DIGESTS, serdes.digests, digests(0, 1));
    AggregateDigests other = digests(0, 1);
    other.getShards().getFirst().setDigest(ByteBuffer.allocate(32));
    send(Topic.DIGESTS, serdes.digests, other);
    assertThat(refusals()).containsExactly(RejectReason.DIGEST_MISMATCH);
    send(Topic.DIGESTS, serdes.digests, digests(0, 0));
    assertThat(closes().getLast().getAggregatesDigest()).isEqualTo(allDigests(0));
  }

  @Test
  void digestsOfAnotherRoundThanTheOneClosedLastAreRefused() {
    send(Topic.DIGESTS, serdes.digests, digests(0, 0));
    assertThat(refusals()).as("round 0 is open").containsExactly(RejectReason.EARLY);
    reportAll(0);
    context.resetForwards();
    send(Topic.DIGESTS, serdes.digests, digests(1, 0));
    send(Topic.DIGESTS, serdes.digests, digests(-1, 0));
    assertThat(refusals()).containsExactly(RejectReason.EARLY, RejectReason.LATE);
  }

  @Test
  void digestsThatAreNotThoseOfThePartitionsShardsAreRefused() {
    reportAll(0);
    reportAll(1);
    List<Consumer<AggregateDigests>> bends =
        List.of(
            d -> d.setPartition(-1),
            d -> d.setPartition(2),
            d -> d.setPartition(Integer.MAX_VALUE),
            d -> d.setPartition(1),
            d -> d.setShards(List.of()),
            d -> d.setShards(d.getShards().reversed()),
            d -> d.setShards(List.of(d.getShards().getFirst(), d.getShards().getFirst())),
            d -> d.getShards().getLast().setKind(ShardKind.IMPORTANCE),
            d -> d.getShards().getLast().setDigest(ByteBuffer.allocate(31)));
    for (Consumer<AggregateDigests> bend : bends) {
      context.resetForwards();
      AggregateDigests bad = digests(0, 0);
      bend.accept(bad);
      send(Topic.DIGESTS, serdes.digests, bad);
      assertThat(refusals())
          .as("%s", bad)
          .singleElement()
          .isIn(RejectReason.WRONG_SHAPE, RejectReason.MALFORMED);
    }
    send(Topic.DIGESTS, serdes.digests, digests(0, 0));
    send(Topic.DIGESTS, serdes.digests, digests(0, 1));
    assertThat(closes()).hasSize(1);
  }

  @Test
  void theChainSurvivesARestartAtAnyPoint() {
    List<LedgerEntry> undisturbed = ledgerOfARun();
    assertThat(undisturbed.getLast().getEvent()).isInstanceOf(RunFinished.class);
    assertThat(undisturbed).filteredOn(e -> e.getEvent() instanceof UpdateRejected).hasSize(3);
    assertThat(undisturbed)
        .extracting(LedgerEntry::getEvent)
        .containsSubsequence(
            new RunStopped(1, "why", "who", Instant.ofEpochMilli(1000)),
            new RunResumed(1, "why", "who", Instant.ofEpochMilli(1000)));
    written.clear();
    context.resetForwards();
    store.close();
    restartAlways = true;
    openRoundZeroForOneAgent();
    assertThat(ledgerOfARun()).isEqualTo(undisturbed);
  }

  /** What a run of three rounds with a rejection in each writes, which is stopped before the second and goes on behind it. */
  private List<LedgerEntry> ledgerOfARun() {
    for (int round = 0; round < 3; round++) {
      if (round == 1) {
        command(RunAction.STOP);
      }
      update = update(round).bendSubmission(s -> s.setWeight(41L));
      submit();
      reportAll(round);
      send(Topic.DIGESTS, serdes.digests, digests(round, 0));
      send(Topic.DIGESTS, serdes.digests, digests(round, 1));
      if (round == 1) {
        command(RunAction.RESUME);
      }
    }
    List<LedgerEntry> ledger = new ArrayList<>(written);
    ledger.addAll(ledger());
    return ledger;
  }

  // Before the definition

  @Test
  void whoIsRefusedLaterThanItCameIsPointedAtWhereItCame() {
    String runId = ofThisPartition();
    AgentJoined joined =
        new AgentJoined(
            runId, "a", Instant.EPOCH, 100, 50L, null, Signatures.encode(keys.getPublic()));
    for (int offset : new int[] {9, 10}) {
      sendAt(offset, 1000 + offset, Topic.AGENTS, serdes.agents, joined);
      joined.setPublicKey(Signatures.encode(Signatures.newKeyPair().getPublic()));
    }
    restart();
    TrainingRun run = Ring.run(runId);
    sendAt(77, 5000, Topic.RUNS, serdes.runs, run);
    assertThat(events(AgentAccepted.class))
        .singleElement()
        .satisfies(
            a -> {
              assertThat(a.getPublicKey()).isEqualTo(Signatures.encode(keys.getPublic()));
              assertThat(a.getAcceptedAt().toEpochMilli()).isEqualTo(1009);
            });
    assertThat(forwarded(RejectedRecord.class))
        .singleElement()
        .satisfies(
            r -> {
              assertThat(r.getTopic()).isEqualTo(Ring.name(Topic.AGENTS));
              assertThat(r.getPartition()).isEqualTo(OWN);
              assertThat(r.getOffset()).isEqualTo(10);
              assertThat(r.getReason()).isEqualTo(RejectReason.UNTRUSTED_KEY);
            });
    try (var entries = store.prefixScan("joining/", Serdes.String().serializer())) {
      assertThat(entries.hasNext()).isFalse();
    }
  }

  private static String ofThisPartition() {
    return IntStream.range(0, 100)
        .mapToObj(i -> "run-" + i)
        .filter(id -> LogKeys.runPartition(id, RUN_PARTITIONS) == OWN)
        .findFirst()
        .orElseThrow();
  }

  // Helpers

  /** The agent's update of a round, with everything that has to be found of it. */
  private void reportAll(int round) {
    update = update(round);
    submit();
    check(0, null);
    check(1, null);
  }

  /** Of the 3 shards of a round: 0 and 2 lie in partition 0, 1 in partition 1. */
  private static AggregateDigests digests(int round, int partition) {
    return new AggregateDigests(
        RUN,
        round,
        partition,
        new ArrayList<>(
            IntStream.of(partition == 0 ? new int[] {0, 2} : new int[] {1})
                .mapToObj(k -> new AggregateDigest(ShardKind.DELTA, k, digest(round, k)))
                .toList()));
  }

  private static ByteBuffer allDigests(int round) {
    return ContentDigest.ofAll(List.of(digest(round, 0), digest(round, 1), digest(round, 2)));
  }

  private static ByteBuffer digest(int round, int shard) {
    return ContentDigest.ofBytes(ByteBuffer.wrap(new byte[] {(byte) round, (byte) shard}));
  }

  private void command(RunAction action) {
    send(Topic.COMMANDS, serdes.commands, new RunCommand(RUN, action, "why", "who", Instant.EPOCH));
  }

  private void tick(long at) {
    sendAt(0, at, Topic.TICKS, serdes.ticks, new Tick(RUN, 0));
  }

  private void submit() {
    send(Topic.SUBMISSIONS, serdes.submissions, update.submission);
  }

  private void check(int partition, RejectReason fault) {
    List<ShardDigest> found =
        update.submission.getShards().stream().filter(s -> s.getShard() % 2 == partition).toList();
    send(
        Topic.CHECKS,
        serdes.checks,
        new UpdateChecked(
            RUN,
            update.submission.getRound(),
            "a",
            update.digest(),
            partition,
            0,
            20L,
            3,
            0,
            fault == null ? found : List.of(),
            fault,
            fault == null ? "" : "It is so."));
  }

  private <T extends SpecificRecord> void send(Topic topic, RecordSerde<T> serde, T record) {
    sendAt(0, 1000, topic, serde, record);
  }

  private <T extends SpecificRecord> void sendAt(
      long offset, long timestamp, Topic topic, RecordSerde<T> serde, T record) {
    context.setRecordMetadata(Ring.name(topic), OWN, offset);
    String key =
        switch (record) {
          case AgentJoined joined -> LogKeys.agent(joined.getRunId(), joined.getAgentId());
          case TrainingRun run -> run.getRunId();
          default -> RUN;
        };
    coordinator.process(
        new Record<>(key.getBytes(UTF_8), serde.serialize(Ring.name(topic), record), timestamp));
    if (restartAlways) {
      restart();
    }
  }

  private List<RoundClosed> closes() {
    return context.forwarded().stream()
        .filter(f -> f.childName().equals(Optional.of(RoundCoordinator.CLOSES)))
        .map(f -> (RoundClosed) ((LedgerEntry) f.record().value()).getEvent())
        .toList();
  }

  private List<LedgerEntry> ledger() {
    return context.forwarded().stream()
        .filter(f -> f.childName().equals(Optional.of(RoundCoordinator.ROUNDS)))
        .map(f -> (LedgerEntry) f.record().value())
        .toList();
  }

  private <E> List<E> events(Class<E> type) {
    return ledger().stream()
        .map(LedgerEntry::getEvent)
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }

  private List<RejectReason> rejections() {
    return events(UpdateRejected.class).stream().map(UpdateRejected::getReason).toList();
  }

  private List<RejectReason> refusals() {
    return forwarded(RejectedRecord.class).stream().map(RejectedRecord::getReason).toList();
  }

  private <T> List<T> forwarded(Class<T> type) {
    return context.forwarded().stream()
        .map(f -> f.record().value())
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }
}
