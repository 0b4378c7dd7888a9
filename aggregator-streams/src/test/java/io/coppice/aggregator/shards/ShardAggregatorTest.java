package io.coppice.aggregator.shards;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.coppice.aggregator.RecordedUpdates;
import io.coppice.aggregator.TestUpdate;
import io.coppice.aggregator.observe.Telemetry;
import io.coppice.schemas.AggregateDigest;
import io.coppice.schemas.AggregateDigests;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.InMemoryRegistry;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateShard;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One task of several: partition 1 of 3, which holds shards 1, 4, 7, ... */
class ShardAggregatorTest {

  private static final String RUN = "run-a";
  private static final int PARTITION = 1;
  private static final int PARTITIONS = 3;
  private static final int PARAMETERS = 22; // shards 0 to 5, so 1 and 4 here
  private static final float[] NONE = {};

  @TempDir Path directory;
  private final KeyPair keys = Signatures.newKeyPair();
  private final LogSerdes serdes = new LogSerdes(new InMemoryRegistry());
  private final RecordedUpdates updates = new RecordedUpdates();
  private KeyValueStore<String, byte[]> store;
  private MockProcessorContext<byte[], SpecificRecord> context;
  private final SimpleMeterRegistry figures = new SimpleMeterRegistry();
  private final Telemetry telemetry = new Telemetry(figures);
  private ShardAggregator aggregator;
  private long offset;

  @BeforeEach
  void create() {
    store =
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(ShardAggregator.STORE),
                Serdes.String(),
                Serdes.ByteArray())
            .withLoggingDisabled()
            .build();
    restart(ShardAggregator.DEFAULT_ROOM);
  }

  /** What is on the heap is lost, what is in the store and in the log is not. */
  private void restart(long room) {
    Properties settings = new Properties();
    settings.put("application.id", "test");
    settings.put("bootstrap.servers", "nowhere:1");
    context =
        new MockProcessorContext<>(
            settings, new TaskId(0, PARTITION), new File(directory.toString()));
    if (!store.isOpen()) {
      store.init(context.getStateStoreContext(), store);
    }
    context.addStateStore(store);
    aggregator = new ShardAggregator(serdes, "closes", PARTITIONS, () -> updates, room, telemetry);
    aggregator.init(context);
  }

  @Test
  void anUpdateIsReportedOnceAllItsShardsOfThePartitionAreThere() {
    TestUpdate update = update("a", 0, 20, values(1));
    send(update.shards.get(1));
    assertThat(sent(UpdateChecked.class)).isEmpty();
    send(update.shards.get(4));
    assertThat(sent(UpdateChecked.class))
        .singleElement()
        .satisfies(
            c -> {
              assertThat(c.getPartition()).isEqualTo(PARTITION);
              assertThat(c.getFault()).isNull();
              assertThat(c.getSubmission()).isEqualTo(update.digest());
              assertThat(c.getShards())
                  .containsExactly(
                      update.submission.getShards().get(1), update.submission.getShards().get(4));
            });
  }

  @Test
  void aShardUnderAnotherKeyIsRefused() {
    UpdateShard shard = update("a", 0, 20, values(1)).shards.get(PARTITION);
    send(shard, LogKeys.shard("another-run", shard.getKind(), shard.getShard()));
    assertThat(sent(UpdateChecked.class))
        .extracting(UpdateChecked::getFault)
        .containsExactly(RejectReason.MALFORMED);
  }

  @Test
  void deltaAndImportanceAreWaitedFor() {
    TestUpdate update =
        new TestUpdate(RUN, "a", keys, 0, 0, 20, values(1), Arrays.copyOf(values(2), 8));
    send(update.shards.get(7)); // importance 1
    send(update.shards.get(4));
    assertThat(sent(UpdateChecked.class)).isEmpty();
    send(update.shards.get(1));
    assertThat(sent(UpdateChecked.class).getFirst().getShards())
        .extracting(ShardDigest::getKind, ShardDigest::getShard)
        .containsExactly(
            tuple(ShardKind.DELTA, 1), tuple(ShardKind.DELTA, 4), tuple(ShardKind.IMPORTANCE, 1));
  }

  @Test
  void aShardInTheWrongPartitionIsRefused() {
    send(update("a", 0, 20, values(1)).shards.get(2));
    assertThat(sent(RejectedRecord.class).getFirst().getReason()).isEqualTo(RejectReason.MALFORMED);
    assertThat(sent(UpdateChecked.class).getFirst().getFault()).isEqualTo(RejectReason.MALFORMED);
  }

  @Test
  void aShardWhoseFieldsContradictEachOtherIsRefused() {
    UpdateShard shard = update("a", 0, 20, values(1)).shards.get(1);
    for (UpdateShard bad :
        List.of(
            UpdateShard.newBuilder(shard).setShard(7).build(),
            UpdateShard.newBuilder(shard).setShard(-2).build(),
            UpdateShard.newBuilder(shard).setDeltaShards(0).build(),
            UpdateShard.newBuilder(shard).setDeltaShards(Integer.MAX_VALUE).build(),
            UpdateShard.newBuilder(shard).setImportanceShards(-1).build(),
            UpdateShard.newBuilder(shard).setValueCount(3).build(),
            UpdateShard.newBuilder(shard).setValueCount(0).build(),
            UpdateShard.newBuilder(shard).setValueCount(1 << 30).build(), // times 4 is 0 as int
            UpdateShard.newBuilder(shard).setEncoding(TensorEncoding.BFLOAT16).build(),
            UpdateShard.newBuilder(shard).setRound(-2).build(),
            UpdateShard.newBuilder(shard).setAgentId("Not A Name").build(),
            UpdateShard.newBuilder(shard).setSubmission(ByteBuffer.allocate(31)).build())) {
      context.resetForwards();
      send(bad);
      assertThat(sent(UpdateChecked.class).stream().filter(c -> c.getFault() == null))
          .as("%s", bad)
          .isEmpty();
      assertThat(forwarded()).as("%s", bad).isNotEmpty();
    }
    try (KeyValueIterator<String, byte[]> entries = store.all()) {
      assertThat(entries.hasNext()).isFalse();
    }
  }

  @Test
  void aSparseShardThatContradictsItselfIsRefusedAndAWholeOneSummed() {
    float[] importance = new float[PARAMETERS];
    importance[TestUpdate.SHARDS.from(1) + 1] = 3;
    TestUpdate update = new TestUpdate(RUN, "a", null, 0, 0, 20, values(1), importance);
    UpdateShard shard =
        update.shards.stream()
            .filter(s -> s.getKind() == ShardKind.IMPORTANCE && s.getShard() == 1)
            .findFirst()
            .orElseThrow();
    assertThat(shard.getValueCount()).isEqualTo(4);
    // Unit, bitmap, code: 3 is in the second of four values.
    assertThat(sparse(update, shard, 4, 0x75, 0x02, 0xfc)).isNull();
    assertThat(sparse(update, shard, 4, 0x75, 0x03, 0xfc)).isEqualTo(RejectReason.MALFORMED);
    assertThat(sparse(update, shard, 4, 0x75, 0x02, 0xf4, 0xfc)).isEqualTo(RejectReason.MALFORMED);
    assertThat(sparse(update, shard, 4, 0x75, 0x12, 0xf4, 0xfc)).isEqualTo(RejectReason.MALFORMED);
    assertThat(sparse(update, shard, 4, 0x75, 0x02, 0)).isEqualTo(RejectReason.MALFORMED);
    assertThat(sparse(update, shard, 4, 0xf4, 0x02, 0xf4)).isEqualTo(RejectReason.MALFORMED);
    assertThat(sparse(update, shard, 4, 0xff, 0x00)).isEqualTo(RejectReason.NON_FINITE);
    assertThat(sparse(update, shard, 4, 0x75)).isEqualTo(RejectReason.WRONG_SHAPE);
    assertThat(sparse(update, shard, 0, 0x75)).isEqualTo(RejectReason.WRONG_SHAPE);
    assertThat(sparse(update, shard, 4)).isEqualTo(RejectReason.WRONG_SHAPE);
    assertThat(sparse(update, shard, Integer.MAX_VALUE, 0x75, 0x02, 0xfc))
        .isEqualTo(RejectReason.WRONG_SHAPE);
  }

  /** What is found wrong with a shard of these bytes in SPARSE_UFLOAT8; null if nothing is. */
  private RejectReason sparse(TestUpdate update, UpdateShard shard, int count, int... bytes) {
    restart(ShardAggregator.DEFAULT_ROOM);
    ByteBuffer values = ByteBuffer.allocate(bytes.length);
    for (int value : bytes) {
      values.put((byte) value);
    }
    send(
        UpdateShard.newBuilder(shard)
            .setAgentId("a" + offset)
            .setEncoding(TensorEncoding.SPARSE_UFLOAT8)
            .setValueCount(count)
            .setValues(values.flip())
            .build());
    List<RejectedRecord> rejected = sent(RejectedRecord.class);
    return rejected.isEmpty() ? null : rejected.getFirst().getReason();
  }

  @Test
  void aRestartInTheMiddleOfARoundDoesNotChangeABit() {
    List<TestUpdate> round = round(0);
    round.forEach(this::send);
    close(0, round);
    List<AggregateShard> undisturbed = sent(AggregateShard.class);
    assertThat(undisturbed).extracting(AggregateShard::getShard).containsExactly(1, 4);
    assertThat(updates.reread()).isZero();

    List<TestUpdate> next = round(1);
    for (TestUpdate update : next) {
      send(update);
      restart(ShardAggregator.DEFAULT_ROOM);
    }
    int rebuilt = updates.reread();
    assertThat(rebuilt).isEqualTo(2 + 4 + 6);
    assertThat(
            figures.get("coppice.shard.reread.records").tag("cause", "rebuild").counter().count())
        .isEqualTo(rebuilt);
    close(1, next);
    List<AggregateShard> disturbed = sent(AggregateShard.class);
    assertThat(updates.reread()).as("the rebuilt sums are the right ones").isEqualTo(rebuilt);
    assertThat(disturbed)
        .extracting(AggregateShard::getValues)
        .isEqualTo(undisturbed.stream().map(AggregateShard::getValues).toList());
  }

  @Test
  void anUpdateHalfSeenBeforeARestartIsReportedAfterIt() {
    TestUpdate update = update("a", 0, 20, values(1));
    send(update.shards.get(1));
    restart(ShardAggregator.DEFAULT_ROOM);
    send(update.shards.get(4));
    assertThat(sent(UpdateChecked.class).getFirst().getShards()).hasSize(2);
  }

  @Test
  void withoutRoomOnTheHeapTheSumsAreMadeWhenTheRoundCloses() {
    List<TestUpdate> round = round(0);
    round.forEach(this::send);
    close(0, round);
    List<ByteBuffer> withRoom =
        sent(AggregateShard.class).stream().map(AggregateShard::getValues).toList();

    restart(5); // one shard of 4 values and no other
    List<TestUpdate> next = round(1);
    next.forEach(this::send);
    close(1, next);
    assertThat(sent(AggregateShard.class))
        .extracting(AggregateShard::getValues)
        .isEqualTo(withRoom);
    assertThat(updates.reread()).isEqualTo(3);
    assertThat(figures.get("coppice.shard.reread.records").tag("cause", "close").counter().count())
        .isEqualTo(3);
    assertThat(figures.get("coppice.shard.reread").tag("cause", "close").timer().count())
        .isEqualTo(1);
  }

  @Test
  void aContributorThatWasNeverSeenIsAnErrorAndNotASmallerSum() {
    List<TestUpdate> round = round(0);
    send(round.get(0));
    close(0, round);
    assertThat(sent(AggregateShard.class)).isEmpty();
    assertThat(sent(RejectedRecord.class))
        .singleElement()
        .satisfies(
            rejected -> {
              assertThat(rejected.getReason()).isEqualTo(RejectReason.INCOMPLETE);
              assertThat(rejected.getDetail())
                  .contains("partition 1 has not seen its DELTA shard 1");
            });
    assertThat(telemetry.faults())
        .singleElement()
        .asString()
        .startsWith("Round 0 of run run-a was closed with agent a, but partition 1");

    round.subList(1, round.size()).forEach(this::send);
    close(0, round);
    assertThat(telemetry.faults()).as("the round is closed after all").isEmpty();
  }

  @Test
  void aLogThatHasChangedUnderAReferenceIsAnError() {
    send(update("a", 0, 20, values(1)).shards.get(1));
    updates.put(
        0, serdes.updates.serialize("updates", update("a", 0, 20, values(2)).shards.get(1)));
    assertThatThrownBy(() -> restart(ShardAggregator.DEFAULT_ROOM))
        .hasMessageContaining("another record");
  }

  @Test
  void updatesAreTakenOneRoundBeforeTheLastCloseIsKnownAndNoEarlier() {
    send(update("a", 1, 20, values(1)));
    send(update("b", 2, 20, values(1)));
    assertThat(faults()).containsExactly(null, RejectReason.EARLY, RejectReason.EARLY);
    close(0, List.of(update("c", 0, 20, new float[] {1, 2})));
    send(update("b", 2, 20, values(1)));
    send(update("d", 3, 20, values(1)));
    assertThat(faults())
        .containsExactly(
            null,
            RejectReason.EARLY,
            RejectReason.EARLY,
            null,
            RejectReason.EARLY,
            RejectReason.EARLY);
  }

  private List<RejectReason> faults() {
    return sent(UpdateChecked.class).stream().map(UpdateChecked::getFault).toList();
  }

  @Test
  void aggregatesAreCommittedAtOnce() {
    List<TestUpdate> round = round(0);
    round.forEach(this::send);
    assertThat(context.committed()).isFalse();
    close(0, round);
    assertThat(context.committed()).isTrue();
  }

  @Test
  void aCloseThatComesTwiceIsSummedOnce() {
    List<TestUpdate> round = round(0);
    round.forEach(this::send);
    close(0, round);
    close(0, round);
    assertThat(sent(AggregateShard.class)).hasSize(2);
    assertThat(sent(AggregateDigests.class)).hasSize(1);
  }

  @Test
  void nothingIsKeptOfAClosedRoundButItsNumber() {
    List<TestUpdate> round = round(0);
    round.forEach(this::send);
    close(0, round);
    List<String> keys = new ArrayList<>();
    try (KeyValueIterator<String, byte[]> entries = store.all()) {
      entries.forEachRemaining(e -> keys.add(e.key));
    }
    assertThat(keys).containsExactly("closed/" + RUN);
    restart(ShardAggregator.DEFAULT_ROOM);
    send(round.get(0).shards.get(1));
    assertThat(sent(UpdateChecked.class).getFirst().getFault()).isEqualTo(RejectReason.LATE);
  }

  @Test
  void aPartitionWithoutAShardOfTheRoundOnlyNotesThatItIsClosed() {
    TestUpdate small = update("a", 0, 20, new float[] {1, 2});
    close(0, List.of(small));
    assertThat(forwarded()).isEmpty();
  }

  @Test
  void theCoordinatorIsToldWhatHasBecomeOfTheRoundInThisPartition() {
    TestUpdate update =
        new TestUpdate(RUN, "a", keys, 0, 0, 20, values(1), Arrays.copyOf(values(2), 8));
    send(update);
    close(0, 6, 2, List.of(update));
    assertThat(sent(AggregateDigests.class))
        .singleElement()
        .satisfies(
            told -> {
              assertThat(told.getRunId()).isEqualTo(RUN);
              assertThat(told.getRound()).isZero();
              assertThat(told.getPartition()).isEqualTo(PARTITION);
              assertThat(told.getShards())
                  .extracting(AggregateDigest::getKind, AggregateDigest::getShard)
                  .containsExactly(
                      tuple(ShardKind.DELTA, 1),
                      tuple(ShardKind.DELTA, 4),
                      tuple(ShardKind.IMPORTANCE, 1));
              assertThat(told.getShards())
                  .extracting(AggregateDigest::getDigest)
                  .isEqualTo(
                      sent(AggregateShard.class).stream().map(AggregateShard::getDigest).toList())
                  .isEqualTo(sent(AggregateShard.class).stream().map(ContentDigest::of).toList());
            });
    assertThat(
            context.forwarded().stream()
                .filter(f -> f.childName().equals(Optional.of(ShardAggregator.DIGESTS))))
        .singleElement()
        .satisfies(f -> assertThat((byte[]) f.record().key()).isEqualTo(RUN.getBytes(UTF_8)));
  }

  // Helpers

  private List<TestUpdate> round(int round) {
    return List.of(
        update("c", round, 7, values(1)),
        update("a", round, 40, values(2)),
        update("b", round, 1, values(3)));
  }

  private TestUpdate update(String agent, int round, long weight, float[] delta) {
    return new TestUpdate(RUN, agent, keys, round, 0, weight, delta, NONE);
  }

  private void send(TestUpdate update) {
    update.shards.stream().filter(s -> s.getShard() % PARTITIONS == PARTITION).forEach(this::send);
  }

  private void send(UpdateShard shard) {
    send(shard, LogKeys.shard(shard.getRunId(), shard.getKind(), shard.getShard()));
  }

  private void send(UpdateShard shard, String key) {
    byte[] value = serdes.updates.serialize("updates", shard);
    updates.put(offset, value);
    context.setRecordMetadata("updates", PARTITION, offset++);
    aggregator.process(new Record<>(key.getBytes(UTF_8), value, 0));
  }

  private void close(int round, List<TestUpdate> contributors) {
    close(round, contributors.getFirst().shards.size(), 0, contributors);
  }

  private void close(
      int round, int deltaShards, int importanceShards, List<TestUpdate> contributors) {
    RoundClosed closed =
        new RoundClosed(
            round,
            0,
            false,
            CloseReason.ALL_REPORTED,
            contributors.stream()
                .map(
                    u ->
                        new Contributor(
                            u.submission.getAgentId(), u.submission.getWeight(), u.digest()))
                .toList(),
            deltaShards,
            importanceShards,
            TensorEncoding.FLOAT32,
            Instant.EPOCH,
            ByteBuffer.allocate(0),
            ByteBuffer.allocate(32),
            ByteBuffer.allocate(0),
            ByteBuffer.allocate(0),
            ByteBuffer.allocate(0));
    closed.setDigest(ContentDigest.of(RUN, closed));
    context.setRecordMetadata("closes", PARTITION, round);
    aggregator.process(
        new Record<>(
            new byte[0], serdes.closes.serialize("closes", new LedgerEntry(RUN, closed)), 0));
  }

  private List<SpecificRecord> forwarded() {
    return context.forwarded().stream().map(f -> (SpecificRecord) f.record().value()).toList();
  }

  /** What was forwarded since the last restart, of one type. */
  private <T> List<T> sent(Class<T> type) {
    return forwarded().stream().filter(type::isInstance).map(type::cast).toList();
  }

  private static float[] values(long seed) {
    Random random = new Random(seed);
    float[] values = new float[PARAMETERS];
    for (int i = 0; i < values.length; i++) {
      values[i] = (random.nextFloat() - 0.5f) * (float) Math.pow(10, random.nextInt(12) - 6);
    }
    return values;
  }
}
