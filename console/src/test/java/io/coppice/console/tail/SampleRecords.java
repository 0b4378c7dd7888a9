package io.coppice.console.tail;

import io.coppice.learning.encoding.Encoding;
import io.coppice.replay.LogReader.Entry;
import io.coppice.replay.LogRecord;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.MaskDecisionFigures;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrustedRecords;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;

/** Records of a run, made by hand. */
final class SampleRecords {

  static final String RUN = "demo";
  static final Instant TIME = Instant.parse("2026-03-01T10:20:30.456Z");

  static {
    TrustedRecords.register();
  }

  private SampleRecords() {}

  /** Bytes of a digest that all have the same value. */
  static ByteBuffer digest(int value) {
    byte[] bytes = new byte[32];
    java.util.Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes);
  }

  static ByteBuffer floats(float... values) {
    return Encoding.FLOAT32.encode(values, 0, values.length);
  }

  static Entry entry(Topic topic, int partition, long offset, String key, byte[] value) {
    return new Entry(topic, partition, offset, TIME.toEpochMilli(), key, value);
  }

  /** A decoded record that is about what its fields say. */
  static FoundRecord found(Topic topic, String key, SpecificRecord value) {
    return new FoundRecord(
        new LogRecord(topic, 0, 7, TIME.toEpochMilli(), key, value, null, 100),
        Optional.of(Subject.of(value)));
  }

  static FoundRecord unreadable() {
    return new FoundRecord(
        new LogRecord(
            Topic.UPDATES,
            3,
            7,
            TIME.toEpochMilli(),
            "demo/delta/3",
            null,
            "not in Confluent's\nwire format",
            1234),
        Optional.empty());
  }

  static FoundRecord tombstone() {
    String key = "demo/agent-1";
    return new FoundRecord(
        new LogRecord(Topic.AGENTS, 0, 7, TIME.toEpochMilli(), key, null, null, 0),
        Optional.of(Subject.ofKey(key)));
  }

  static LedgerEntry ledger(Object event) {
    return LedgerEntry.newBuilder().setRunId(RUN).setEvent(event).build();
  }

  static RoundOpened opened(int round, String... participants) {
    return RoundOpened.newBuilder()
        .setRound(round)
        .setMaskVersion(1)
        .setImportance(true)
        .setParticipants(List.of(participants))
        .setOpenedAt(TIME)
        .setDeadlineAt(TIME.plusMillis(1500))
        .build();
  }

  static RoundClosed closed(int round, Contributor... contributors) {
    return RoundClosed.newBuilder()
        .setRound(round)
        .setMaskVersion(1)
        .setImportance(true)
        .setReason(CloseReason.DEADLINE)
        .setContributors(List.of(contributors))
        .setDeltaShards(2)
        .setImportanceShards(3)
        .setEncoding(TensorEncoding.FLOAT32)
        .setClosedAt(TIME)
        .setPreviousDigest(digest(0xab))
        .setDigest(digest(0xcd))
        .build();
  }

  static Contributor contributor(String agent, long weight) {
    return new Contributor(agent, weight, digest(1));
  }

  static UpdateShard update(int round, String agent) {
    return UpdateShard.newBuilder()
        .setRunId(RUN)
        .setRound(round)
        .setAgentId(agent)
        .setSubmission(digest(0x12))
        .setMaskVersion(1)
        .setKind(ShardKind.IMPORTANCE)
        .setShard(2)
        .setDeltaShards(1)
        .setImportanceShards(3)
        .setWeight(1000)
        .setEncoding(TensorEncoding.BFLOAT16)
        .setValueCount(3)
        .setValues(Encoding.BFLOAT16.encode(new float[] {-1.5f, 0, 2}, 0, 3))
        .build();
  }

  static UpdateSubmitted.Builder submission(int round, String agent) {
    return UpdateSubmitted.newBuilder()
        .setRunId(RUN)
        .setRound(round)
        .setAgentId(agent)
        .setMaskVersion(1)
        .setWeight(1000)
        .setTrainLoss(0.25)
        .setTrainSeconds(1.5)
        .setPayloadBytes(2500)
        .setShards(List.of(new ShardDigest(ShardKind.DELTA, 0, 3, digest(5))))
        .setSignature(digest(0x77));
  }

  static AggregateShard aggregate(int round, String... agents) {
    return AggregateShard.newBuilder()
        .setRunId(RUN)
        .setRound(round)
        .setMaskVersion(1)
        .setKind(ShardKind.DELTA)
        .setShard(1)
        .setShards(2)
        .setEncoding(TensorEncoding.FLOAT32)
        .setValueCount(4)
        .setValues(floats(3, 0, -4, 0))
        .setTotalWeight(2000)
        .setContributions(
            java.util.Arrays.stream(agents).map(agent -> new Contribution(agent, 1L)).toList())
        .setDigest(digest(0xef))
        .build();
  }

  static MaskPublished.Builder mask(int effectiveRound) {
    return MaskPublished.newBuilder()
        .setRunId(RUN)
        .setVersion(2)
        .setEffectiveRound(effectiveRound)
        .setOrigin(MaskOrigin.RECONFIGURATION)
        .setLayers(
            List.of(
                new LayerMask("conv1", List.of(2, 1, 2, 2), 2, ByteBuffer.wrap(new byte[] {3})),
                new LayerMask("fc1", List.of(2, 2), 4, ByteBuffer.wrap(new byte[] {15}))))
        .setActiveParameters(1234)
        .setDensity(0.5)
        .setDecision(
            new MaskDecisionFigures(0.3, 10.0, 12.5, List.of(1000, 2), List.of(30, 4), "threshold"))
        .setDigest(digest(0x0f));
  }
}
