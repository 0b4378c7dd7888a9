package io.coppice.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;

/** A content digest covers its record completely: whichever field is changed, at whatever depth, the digest changes. */
class ContentDigestTest {

  @Property(tries = 50)
  void coversEveryFieldOfASubmissionButTheSignature(@ForAll long seed) {
    UpdateSubmitted record = RandomRecords.of(UpdateSubmitted.class, seed);
    assertCovers(record, Set.of("signature"), ContentDigest::of);
  }

  @Property(tries = 50)
  void coversEveryFieldOfAnAggregateButTheDigest(@ForAll long seed) {
    assertCovers(RandomRecords.of(AggregateShard.class, seed), Set.of("digest"), ContentDigest::of);
  }

  @Property(tries = 50)
  void coversEveryFieldOfAMaskButTheDigest(@ForAll long seed) {
    assertCovers(RandomRecords.of(MaskPublished.class, seed), Set.of("digest"), ContentDigest::of);
  }

  @Property(tries = 50)
  void coversEveryFieldOfACheckpointButTheDigest(@ForAll long seed) {
    assertCovers(
        RandomRecords.of(CheckpointShard.class, seed), Set.of("digest"), ContentDigest::of);
  }

  @Property(tries = 50)
  void coversEveryFieldOfAClosedRoundButTheDigest(@ForAll long seed) {
    assertCovers(
        RandomRecords.of(RoundClosed.class, seed),
        Set.of("digest"),
        closed -> ContentDigest.of("run", closed));
  }

  @Property(tries = 50)
  void coversEveryFieldOfARunsEndButTheDigest(@ForAll long seed) {
    assertCovers(
        RandomRecords.of(RunFinished.class, seed), Set.of("digest"), ContentDigestTest::inLedger);
  }

  @Property(tries = 50)
  void coversEveryFieldOfTheOtherEventsOfTheLedger(@ForAll long seed) {
    for (Class<? extends SpecificRecord> type :
        List.of(
            RunAccepted.class,
            AgentAccepted.class,
            RoundOpened.class,
            UpdateRejected.class,
            RunStopped.class,
            RunResumed.class)) {
      assertCovers(RandomRecords.of(type, seed), Set.of(), ContentDigestTest::inLedger);
    }
  }

  private static ByteBuffer inLedger(SpecificRecord event) {
    return ContentDigest.of(new LedgerEntry("run", event));
  }

  @Property(tries = 50)
  void coversEveryFieldOfADefinition(@ForAll long seed) {
    assertCovers(RandomRecords.of(TrainingRun.class, seed), Set.of(), ContentDigest::of);
  }

  /** The example of docs/log-format.md; the expected digest was computed by the Python program that is printed there. */
  @Example
  void hasTheLayoutThatIsWrittenDown() {
    CheckpointShard shard =
        new CheckpointShard(
            "demo",
            12,
            1,
            0,
            1,
            2,
            ByteBuffer.wrap(HexFormat.of().parseHex("0000803f000000bf")),
            List.of(7L, 9L),
            ByteBuffer.allocate(0));
    assertThat(HexFormat.of().formatHex(ContentDigest.of(shard).array()))
        .isEqualTo("d7719fd62a0063badd71243788f126512355b6f765c18d3401b4b61cebd7965f");
  }

  /** The second example of docs/log-format.md, from the program that is printed there. */
  @Example
  void aClosedRoundCommitsToWhatIsWrittenDown() {
    ByteBuffer events =
        Stream.of(
                new RoundOpened(
                    1,
                    0,
                    false,
                    List.of("a", "b"),
                    Instant.ofEpochMilli(1000),
                    Instant.ofEpochMilli(11000)),
                new UpdateRejected(1, "b", filled(1), RejectReason.NON_FINITE, "NaN"))
            .map(event -> new LedgerEntry("demo", event))
            .reduce(ByteBuffer.allocate(0), ContentDigest::chained, (former, latter) -> latter);
    RoundClosed closed =
        new RoundClosed(
            1,
            0,
            false,
            CloseReason.DEADLINE,
            List.of(new Contributor("a", 20L, filled(5))),
            2,
            0,
            TensorEncoding.FLOAT32,
            Instant.ofEpochMilli(11500),
            filled(4),
            ByteBuffer.allocate(0),
            events,
            filled(6),
            ContentDigest.ofAll(List.of(filled(2), filled(3))));
    assertThat(HexFormat.of().formatHex(ContentDigest.of("demo", closed).array()))
        .isEqualTo("8bca60147ce06aabf373ffcbfef9a18268708e6e4026f19cf86ec13fddad3590");
  }

  private static ByteBuffer filled(int value) {
    byte[] bytes = new byte[ContentDigest.BYTES];
    Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes);
  }

  /**
   * A mask of release 0.1.0 without the fields that came later; the expected digest was computed by a program of its own from
   * the table in docs/log-format.md as it was then.
   */
  @Example
  void aMaskThatSaysNothingOfItsCostHasTheDigestThatItHadBefore() {
    assertThat(HexFormat.of().formatHex(ContentDigest.of(mask(null)).array()))
        .isEqualTo("78600759a6934ed013780125b5898280341cef67ec430d9d8ea30e6276b77cf4");
  }

  /** The expected digest was computed by a program of its own from the table in docs/log-format.md. */
  @Example
  void aMaskWithItsCostHasTheLayoutThatIsWrittenDown() {
    CostCoefficients cost = new CostCoefficients("measured", 0.5, 1e-6, List.of(2e-6), 1.0);
    assertThat(HexFormat.of().formatHex(ContentDigest.of(mask(cost)).array()))
        .isEqualTo("25b9e5307f71f718a592d11f5ba99cb0f02e28cea073a3c1a23aafe539f01248");
  }

  private static MaskPublished mask(CostCoefficients cost) {
    return MaskPublished.newBuilder()
        .setRunId("demo")
        .setVersion(2)
        .setEffectiveRound(26)
        .setOrigin(MaskOrigin.RECONFIGURATION)
        .setLayers(
            List.of(
                new LayerMask("fc1", List.of(2, 4), 3, ByteBuffer.wrap(new byte[] {(byte) 0x83}))))
        .setActiveParameters(5)
        .setDensity(0.375)
        .setDecision(new MaskDecisionFigures(0.3, 1.25, 1.5, List.of(1), List.of(2), "threshold"))
        .setCost(cost)
        .setDigest(ByteBuffer.allocate(0))
        .build();
  }

  @Example
  void coversTheRunOfAClosedRound() {
    RoundClosed closed = RandomRecords.of(RoundClosed.class, 1);
    assertThat(ContentDigest.of("run-1", closed)).isNotEqualTo(ContentDigest.of("run-2", closed));
  }

  @Example
  void readsBuffersWithoutMovingThem() {
    ByteBuffer buffer = ByteBuffer.wrap(new byte[] {9, 1, 2, 3, 9}, 1, 3);
    assertThat(ContentDigest.ofBytes(buffer))
        .isEqualTo(ContentDigest.ofBytes(ByteBuffer.wrap(new byte[] {1, 2, 3})));
    assertThat(buffer.remaining()).isEqualTo(3);
  }

  private static <T extends SpecificRecord> void assertCovers(
      T record, Set<String> uncovered, Function<T, ByteBuffer> digest) {
    ByteBuffer original = digest.apply(record);
    assertThat(digest.apply(record)).isEqualTo(original);
    for (T changed : withOneChange(record)) {
      String field = firstDifference(record, changed);
      if (uncovered.contains(field)) {
        assertThat(digest.apply(changed)).as(field).isEqualTo(original);
      } else {
        assertThat(digest.apply(changed)).as(field).isNotEqualTo(original);
      }
    }
  }

  /** Copies of a record, each with one thing changed. */
  @SuppressWarnings("unchecked")
  private static <T extends SpecificRecord> List<T> withOneChange(T record) {
    return (List<T>) (List<?>) variants(record.getSchema(), record);
  }

  /** Values that differ from the given one in one place. */
  private static List<Object> variants(Schema schema, Object value) {
    List<Object> variants = new ArrayList<>();
    switch (schema.getType()) {
      case RECORD -> {
        SpecificRecord record = (SpecificRecord) value;
        for (Schema.Field field : schema.getFields()) {
          for (Object changed : variants(field.schema(), record.get(field.pos()))) {
            SpecificRecord copy = SpecificData.get().deepCopy(schema, record);
            copy.put(field.pos(), changed);
            variants.add(copy);
          }
        }
      }
      case ARRAY -> {
        List<?> list = (List<?>) value;
        for (int i = 0; i < list.size(); i++) {
          List<Object> without = new ArrayList<>(list);
          without.remove(i);
          variants.add(without);
          for (Object changed : variants(schema.getElementType(), list.get(i))) {
            List<Object> copy = new ArrayList<>(list);
            copy.set(i, changed);
            variants.add(copy);
          }
        }
      }
      case UNION -> {
        if (value == null) {
          Schema other = schema.getTypes().get(1);
          variants.add(
              switch (other.getType()) {
                case ARRAY -> List.of();
                case DOUBLE -> 0.5;
                case INT -> 1;
                case LONG -> 1L;
                default -> RandomRecords.of(type(other), 1);
              });
        } else {
          variants.add(null);
          int branch = SpecificData.get().resolveUnion(schema, value);
          variants.addAll(variants(schema.getTypes().get(branch), value));
        }
      }
      case ENUM -> {
        for (Object constant : value.getClass().getEnumConstants()) {
          if (constant != value) {
            variants.add(constant);
          }
        }
      }
      case STRING -> {
        variants.add(value + "x");
        variants.add("x" + value);
      }
      case BYTES -> {
        byte[] bytes = bytes((ByteBuffer) value);
        variants.add(ByteBuffer.allocate(bytes.length + 1).put(bytes).rewind());
        if (bytes.length > 0) {
          bytes[bytes.length - 1] ^= 1;
          variants.add(ByteBuffer.wrap(bytes));
        }
      }
      case INT -> variants.add((Integer) value ^ 1);
      case LONG ->
          variants.add(value instanceof Instant time ? time.plusMillis(1) : (Long) value ^ 1);
      case DOUBLE ->
          variants.add(Double.longBitsToDouble(Double.doubleToLongBits((Double) value) ^ 1));
      case BOOLEAN -> variants.add(!(Boolean) value);
      default -> throw new AssertionError("no variant of " + schema);
    }
    return variants;
  }

  private static String firstDifference(SpecificRecord one, SpecificRecord other) {
    for (Schema.Field field : one.getSchema().getFields()) {
      Object a = one.get(field.pos());
      Object b = other.get(field.pos());
      if (a == null ? b != null : !a.equals(b)) {
        return field.name();
      }
    }
    throw new AssertionError("nothing was changed");
  }

  @SuppressWarnings("unchecked")
  private static Class<? extends SpecificRecord> type(Schema schema) {
    return (Class<? extends SpecificRecord>) SpecificData.get().getClass(schema);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
