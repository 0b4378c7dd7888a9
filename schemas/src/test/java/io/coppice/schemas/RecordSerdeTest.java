package io.coppice.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;

class RecordSerdeTest {

  private final InMemoryRegistry registry = new InMemoryRegistry();

  @Provide
  Arbitrary<Class<? extends SpecificRecord>> types() {
    return Arbitraries.of(new HashSet<>(TopicValues.CLASSES.values()));
  }

  @Property
  <T extends SpecificRecord> void everyRecordComesBackAsItWas(
      @ForAll("types") Class<T> type, @ForAll long seed) {
    RecordSerde<T> serde = new RecordSerde<>(registry, type);
    T record = RandomRecords.of(type, seed);
    byte[] bytes = serde.serialize("t", record);
    assertThat(serde.deserialize("t", bytes)).isEqualTo(record);
    assertThat(bytes[0]).isZero();
    assertThat(registry.schemaOf(ByteBuffer.wrap(bytes, 1, 4).getInt()).getFullName())
        .isEqualTo(type.getName());
  }

  @Property(tries = 3000)
  <T extends SpecificRecord> void damagedRecordsAreRefusedOrDecodedButNeverMore(
      @ForAll("types") Class<T> type,
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 8) int mutations) {
    RecordSerde<T> serde = new RecordSerde<>(registry, type);
    byte[] bytes = serde.serialize("t", RandomRecords.of(type, seed));
    Random random = new Random(seed);
    for (int i = 0; i < mutations; i++) {
      // Behind the header: a damaged id is a question to the registry, not to the serde.
      bytes[5 + random.nextInt(bytes.length - 5)] = (byte) random.nextInt();
    }
    assertDecodesOrRefuses(serde, bytes);
  }

  @Property(tries = 1000)
  <T extends SpecificRecord> void cutRecordsAreRefused(
      @ForAll("types") Class<T> type, @ForAll long seed, @ForAll @IntRange(min = 1) int cut) {
    RecordSerde<T> serde = new RecordSerde<>(registry, type);
    byte[] bytes = serde.serialize("t", RandomRecords.of(type, seed));
    byte[] prefix = Arrays.copyOf(bytes, bytes.length - 1 - cut % (bytes.length - 1));
    assertThatThrownBy(() -> serde.deserialize("t", prefix))
        .isInstanceOf(SerializationException.class);
  }

  @Property(tries = 1000)
  <T extends SpecificRecord> void randomBytesAreRefusedOrDecodedButNeverMore(
      @ForAll("types") Class<T> type, @ForAll byte[] body) {
    RecordSerde<T> serde = new RecordSerde<>(registry, type);
    byte[] header = Arrays.copyOf(serde.serialize("t", RandomRecords.of(type, 1)), 5);
    byte[] bytes = ByteBuffer.allocate(5 + body.length).put(header).put(body).array();
    assertDecodesOrRefuses(serde, bytes);
  }

  /** A few bytes that promise gigabytes must not make anybody allocate them. */
  @Example
  void promisedLengthsAreNotBelieved() {
    RecordSerde<UpdateShard> shards = new RecordSerde<>(registry, UpdateShard.class);
    byte[] shard = shards.serialize("t", shard(ByteBuffer.allocate(0)));
    // The last field is bytes; its length 0 becomes 2^31 - 16 as a zigzag varint.
    byte[] hugeBytes = Arrays.copyOf(shard, shard.length + 4);
    putVarint(hugeBytes, shard.length - 1, Integer.MAX_VALUE - 15);
    assertIsRefusedCheaply(shards, hugeBytes);

    RecordSerde<UpdateSubmitted> submissions = new RecordSerde<>(registry, UpdateSubmitted.class);
    byte[] head =
        submissions.serialize(
            "t",
            new UpdateSubmitted(
                "", 0, "", 0, 0L, 0.0, 0.0, 0L, List.of(), null, null, ByteBuffer.allocate(0)));
    // Behind the shards' empty list there are four bytes: its end, the null mask and probe, and the
    // empty
    // signature.
    byte[] hugeList = Arrays.copyOf(head, head.length + 2);
    putVarint(hugeList, head.length - 4, Integer.MAX_VALUE - 15);
    assertIsRefusedCheaply(submissions, hugeList);
  }

  @Example
  void anotherRecordsBytesAreRefused() {
    byte[] tick = new RecordSerde<>(registry, Tick.class).serialize("t", new Tick("r", 1));
    assertThatThrownBy(() -> new RecordSerde<>(registry, UpdateShard.class).deserialize("t", tick))
        .isInstanceOf(SerializationException.class)
        .hasMessage("a io.coppice.schemas.Tick where a io.coppice.schemas.UpdateShard is expected");
  }

  @Example
  void bytesInAnotherFormatAndUnknownIdsAreRefused() {
    RecordSerde<Tick> serde = new RecordSerde<>(registry, Tick.class);
    for (byte[] bytes : new byte[][] {{}, {0}, {0, 0, 0, 1}, {1, 0, 0, 0, 1, 2}}) {
      assertThatThrownBy(() -> serde.deserialize("t", bytes))
          .isInstanceOf(SerializationException.class)
          .hasMessageContaining("not in Confluent's wire format");
    }
    assertThatThrownBy(() -> serde.deserialize("t", new byte[] {0, 0, 0, 0, 99, 0, 0}))
        .isInstanceOf(SerializationException.class)
        .hasMessageContaining("schema id 99 is not in the registry");
  }

  @Example
  void bytesLeftOverAreRefused() {
    RecordSerde<Tick> serde = new RecordSerde<>(registry, Tick.class);
    byte[] bytes = serde.serialize("t", new Tick("r", 1));
    assertThatThrownBy(() -> serde.deserialize("t", Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOf(SerializationException.class)
        .hasMessageContaining("left over");
  }

  @Example
  void nullStaysNull() {
    RecordSerde<Tick> serde = new RecordSerde<>(registry, Tick.class);
    assertThat(serde.serialize("t", null)).isNull();
    assertThat(serde.deserialize("t", null)).isNull();
  }

  @Example
  void aRecordWithoutARequiredFieldIsRefused() {
    RecordSerde<Tick> serde = new RecordSerde<>(registry, Tick.class);
    assertThatThrownBy(() -> serde.serialize("ticks", new Tick(null, 1)))
        .isInstanceOf(SerializationException.class)
        .hasMessageContaining("A record for ticks lacks a required field");
  }

  private static <T extends SpecificRecord> void assertDecodesOrRefuses(
      RecordSerde<T> serde, byte[] bytes) {
    try {
      assertThat(serde.deserialize("t", bytes)).isNotNull();
    } catch (SerializationException refused) {
      assertThat(refused.getMessage()).isNotBlank();
    }
  }

  private static void assertIsRefusedCheaply(RecordSerde<?> serde, byte[] bytes) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    assertThatThrownBy(() -> serde.deserialize("t", bytes))
        .isInstanceOf(SerializationException.class);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before)
        .isLessThan(2L * Topic.MAX_RECORD_BYTES);
  }

  private static UpdateShard shard(ByteBuffer values) {
    return new UpdateShard(
        "r", 0, "a", digest(), 0, ShardKind.DELTA, 0, 1, 0, 1L, TensorEncoding.FLOAT32, 0, values);
  }

  private static ByteBuffer digest() {
    return ByteBuffer.allocate(ContentDigest.BYTES);
  }

  /** Avro's variable-length zigzag coding of a number that takes five bytes. */
  private static void putVarint(byte[] bytes, int at, int value) {
    long zigzag = 2L * value;
    for (int i = at; i < bytes.length; i++) {
      boolean last = i == bytes.length - 1 || zigzag < 0x80;
      bytes[i] = (byte) (last ? zigzag : zigzag & 0x7f | 0x80);
      zigzag >>>= 7;
      if (last) {
        return;
      }
    }
  }
}
