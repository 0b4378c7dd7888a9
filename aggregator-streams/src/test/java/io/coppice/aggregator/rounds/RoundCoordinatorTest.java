package io.coppice.aggregator.rounds;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.aggregator.InMemoryRegistry;
import io.coppice.aggregator.Ring;
import io.coppice.aggregator.TestUpdate;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateRejected;
import java.io.File;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
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
    update =
        new TestUpdate(
            RUN, "a", keys, 0, 0, 20, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, new float[0]);
  }

  private void restart() {
    Properties settings = new Properties();
    settings.put("application.id", "test");
    settings.put("bootstrap.servers", "nowhere:1");
    context =
        new MockProcessorContext<>(settings, new TaskId(1, OWN), new File(directory.toString()));
    if (!store.isOpen()) {
      store.init(context.getStateStoreContext(), store);
    }
    context.addStateStore(store);
    coordinator = new RoundCoordinator(serdes, "coppice.", PARTITIONS, Duration.ofSeconds(1));
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
            0,
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
    context.setRecordMetadata(Ring.name(topic), OWN, 0);
    coordinator.process(
        new Record<>(RUN.getBytes(UTF_8), serde.serialize(Ring.name(topic), record), 1000));
  }

  private List<RoundClosed> closes() {
    return context.forwarded().stream()
        .filter(f -> f.childName().equals(Optional.of(RoundCoordinator.CLOSES)))
        .map(f -> (RoundClosed) ((LedgerEntry) f.record().value()).getEvent())
        .toList();
  }

  private List<RejectReason> rejections() {
    return forwarded(LedgerEntry.class).stream()
        .map(LedgerEntry::getEvent)
        .filter(UpdateRejected.class::isInstance)
        .map(e -> ((UpdateRejected) e).getReason())
        .toList();
  }

  private <T> List<T> forwarded(Class<T> type) {
    return context.forwarded().stream()
        .map(f -> f.record().value())
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }
}
