package io.coppice.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.model.Mask;
import io.coppice.replay.IgnoredRecord.Reason;
import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.InMemoryRegistry;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.MetricEntry;
import io.coppice.schemas.RandomRecords;
import io.coppice.schemas.RecordMutator;
import io.coppice.schemas.RecordMutator.Kind;
import io.coppice.schemas.RecordMutator.Mutant;
import io.coppice.schemas.RecordMutator.Raw;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundEvaluated;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.Test;

class RunRecordsTest {

  private static final int MUTANTS = 10_000;
  private static final int PARTITIONS = 1;
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private final LogSerdes serdes = new LogSerdes(new InMemoryRegistry());
  private final RunDefinition run = TestRecords.run(Regrow.ZERO);
  private final Mask full = Mask.full(run.layout());
  private final List<IgnoredRecord> ignored = new ArrayList<>();
  private final RunRecords records = new RunRecords(serdes, run, PARTITIONS, ignored::add);
  private long offset;

  private Entry entry(Topic topic, String key, SpecificRecord record) {
    return entry(new Raw(topic, 0, key.getBytes(StandardCharsets.UTF_8), bytes(topic, record)));
  }

  private Entry entry(Raw raw) {
    String key = raw.key() == null ? null : new String(raw.key(), StandardCharsets.UTF_8);
    return new Entry(raw.topic(), raw.partition(), offset++, 0, key, raw.value());
  }

  @SuppressWarnings("unchecked")
  private byte[] bytes(Topic topic, SpecificRecord record) {
    return ((RecordSerde<SpecificRecord>) serdes.of(topic)).serialize(topic.suffix(), record);
  }

  private Raw raw(Topic topic, String key, SpecificRecord record) {
    return new Raw(topic, 0, key.getBytes(StandardCharsets.UTF_8), bytes(topic, record));
  }

  private Optional<?> read(Entry entry) {
    return switch (entry.topic()) {
      case RUNS -> RunRecords.definition(entry, serdes, PARTITIONS, ignored::add);
      case ROUNDS -> records.ledger(entry);
      case MASKS -> records.mask(entry);
      case AGGREGATES, IMPORTANCE -> records.aggregate(entry);
      case CHECKPOINTS -> records.checkpoint(entry);
      case SUBMISSIONS -> records.submission(entry);
      case METRICS -> records.metric(entry);
      default -> throw new AssertionError(entry.topic());
    };
  }

  private LedgerEntry opened(int round) {
    return new LedgerEntry(
        "run",
        new RoundOpened(
            round,
            run.maskVersionIn(round),
            run.uploadsIn(round),
            List.of("a"),
            Instant.EPOCH,
            Instant.EPOCH));
  }

  private LedgerEntry closed(int round, ByteBuffer previous) {
    RoundClosed closed =
        TestRecords.closed(run, round, run.maskVersionIn(round), full, run.uploadsIn(round));
    closed.setPreviousDigest(previous);
    closed.setDigest(ContentDigest.of("run", closed));
    return new LedgerEntry("run", closed);
  }

  private static ByteBuffer digest(LedgerEntry closed) {
    return ((RoundClosed) closed.getEvent()).getDigest();
  }

  private MaskPublished mask(int version, int effectiveRound) {
    MaskPublished mask = TestRecords.published(version, effectiveRound, full);
    mask.setDigest(ContentDigest.of(mask));
    return mask;
  }

  private List<CheckpointShard> checkpoint(int round) {
    return Checkpoints.cut(
        run, round, run.maskVersionIn(round), new float[run.layout().size()], List.of(0L));
  }

  private List<AggregateShard> aggregate(ShardKind kind, int round) {
    List<AggregateShard> blocks =
        TestRecords.aggregate(
            run, kind, round, run.maskVersionIn(round), run.layout().size(), 0.5f);
    blocks.forEach(block -> block.setDigest(ContentDigest.of(block)));
    return blocks;
  }

  private static String key(AggregateShard block) {
    return LogKeys.shard("run", block.getKind(), block.getShard());
  }

  private void isIgnored(Optional<?> read, Reason reason) {
    assertThat(read).isEmpty();
    assertThat(ignored.getLast().reason()).as(ignored.getLast().detail()).isEqualTo(reason);
    assertThat(ignored.getLast().at().offset()).isEqualTo(offset - 1);
  }

  @Test
  void roundsFollowOneAnother() {
    LedgerEntry first = closed(0, NONE);
    isIgnored(records.ledger(entry(Topic.ROUNDS, "run", opened(1))), Reason.OUT_OF_ORDER);
    assertThat(records.ledger(entry(Topic.ROUNDS, "run", opened(0)))).isPresent();
    isIgnored(
        records.ledger(entry(Topic.ROUNDS, "run", closed(0, digest(first)))), Reason.OUT_OF_ORDER);
    assertThat(records.ledger(entry(Topic.ROUNDS, "run", first))).isPresent();
    isIgnored(records.ledger(entry(Topic.ROUNDS, "run", first)), Reason.DUPLICATE);
    isIgnored(records.ledger(entry(Topic.ROUNDS, "run", closed(1, NONE))), Reason.OUT_OF_ORDER);
    isIgnored(
        records.ledger(entry(Topic.ROUNDS, "run", closed(2, digest(first)))), Reason.OUT_OF_ORDER);
    LedgerEntry changed = closed(1, digest(first));
    ((RoundClosed) changed.getEvent()).setClosedAt(Instant.ofEpochMilli(1));
    isIgnored(records.ledger(entry(Topic.ROUNDS, "run", changed)), Reason.DIGEST_MISMATCH);
    assertThat(records.ledger(entry(Topic.ROUNDS, "run", closed(1, digest(first))))).isPresent();
    LedgerEntry end =
        new LedgerEntry("run", new RunFinished(10, Instant.EPOCH, NONE, NONE, NONE, NONE));
    isIgnored(records.ledger(entry(Topic.ROUNDS, "run", end)), Reason.OUT_OF_ORDER);
  }

  @Test
  void aRunStopsAndGoesOnInTurn() {
    LedgerEntry stop = new LedgerEntry("run", new RunStopped(-1, "", "", Instant.EPOCH));
    LedgerEntry resumption = new LedgerEntry("run", new RunResumed(-1, "", "", Instant.EPOCH));
    isIgnored(records.ledger(entry(Topic.ROUNDS, "run", resumption)), Reason.DUPLICATE);
    assertThat(records.ledger(entry(Topic.ROUNDS, "run", stop))).contains(stop);
    isIgnored(records.ledger(entry(Topic.ROUNDS, "run", stop)), Reason.DUPLICATE);
    assertThat(records.ledger(entry(Topic.ROUNDS, "run", resumption))).contains(resumption);
    assertThat(records.ledger(entry(Topic.ROUNDS, "run", stop))).contains(stop);
  }

  @Test
  void masksComeInTheOrderOfTheirVersionsAndInTheRoundsThatAreDue() {
    assertThat(run.decisions().first()).isEqualTo(4);
    isIgnored(records.mask(entry(Topic.MASKS, "run", mask(1, 5))), Reason.OUT_OF_ORDER);
    isIgnored(records.mask(entry(Topic.MASKS, "run", mask(0, 5))), Reason.MALFORMED);
    assertThat(records.mask(entry(Topic.MASKS, "run", mask(0, 0)))).isPresent();
    isIgnored(records.mask(entry(Topic.MASKS, "run", mask(0, 0))), Reason.DUPLICATE);
    isIgnored(records.mask(entry(Topic.MASKS, "run", mask(1, 4))), Reason.MALFORMED);
    isIgnored(records.mask(entry(Topic.MASKS, "other", mask(1, 5))), Reason.MISPLACED);
    MaskPublished changed = mask(1, 5);
    changed.setDensity(0.5);
    isIgnored(records.mask(entry(Topic.MASKS, "run", changed)), Reason.DIGEST_MISMATCH);
    MaskPublished smaller = mask(1, 5);
    smaller.setLayers(smaller.getLayers().subList(0, 2));
    smaller.setDigest(ContentDigest.of(smaller));
    isIgnored(records.mask(entry(Topic.MASKS, "run", smaller)), Reason.MALFORMED);
    assertThat(records.mask(entry(Topic.MASKS, "run", mask(1, 5)))).isPresent();
  }

  @Test
  void blocksLieWhereTheyBelongAndHaveTheDigestOfTheirContent() {
    AggregateShard block = aggregate(ShardKind.DELTA, 0).getFirst();
    assertThat(records.aggregate(entry(Topic.AGGREGATES, key(block), block))).isPresent();
    isIgnored(records.aggregate(entry(Topic.AGGREGATES, "run/delta/1", block)), Reason.MISPLACED);
    isIgnored(records.aggregate(entry(Topic.IMPORTANCE, key(block), block)), Reason.MISPLACED);
    block.getValues().put(0, (byte) 1);
    isIgnored(
        records.aggregate(entry(Topic.AGGREGATES, key(block), block)), Reason.DIGEST_MISMATCH);
    CheckpointShard shard = checkpoint(5).getFirst();
    assertThat(records.checkpoint(entry(Topic.CHECKPOINTS, "run/0", shard))).isPresent();
    shard.setMaskVersion(0);
    shard.setDigest(ContentDigest.of(shard));
    isIgnored(records.checkpoint(entry(Topic.CHECKPOINTS, "run/0", shard)), Reason.MALFORMED);
  }

  @Test
  void mutantsAreIgnoredWithAReasonOrHarmless() {
    List<Raw> genuine = new ArrayList<>();
    genuine.add(raw(Topic.RUNS, "run", run.run()));
    genuine.add(raw(Topic.MASKS, "run", mask(0, 0)));
    genuine.add(raw(Topic.MASKS, "run", mask(1, 5)));
    ByteBuffer previous = NONE;
    for (int round = 0; round < 3; round++) {
      LedgerEntry closed = closed(round, previous);
      genuine.add(raw(Topic.ROUNDS, "run", opened(round)));
      genuine.add(raw(Topic.ROUNDS, "run", closed));
      previous = digest(closed);
      AggregateShard block = aggregate(ShardKind.DELTA, round).getLast();
      genuine.add(raw(Topic.AGGREGATES, key(block), block));
    }
    AggregateShard importance = aggregate(ShardKind.IMPORTANCE, 4).getLast();
    genuine.add(raw(Topic.IMPORTANCE, key(importance), importance));
    genuine.add(raw(Topic.CHECKPOINTS, "run/3", checkpoint(5).get(3)));
    genuine.add(
        raw(
            Topic.METRICS,
            "run",
            new MetricEntry("run", new RoundEvaluated(1, "evaluator", 10, 0.5, 1.0, 1.0, 1.0))));
    UpdateSubmitted submission = RandomRecords.of(UpdateSubmitted.class, 1);
    submission.setRunId("run");
    submission.setAgentId("a");
    genuine.add(raw(Topic.SUBMISSIONS, "run", submission));
    genuine.forEach(record -> assertThat(read(entry(record))).isPresent());
    assertThat(ignored).isEmpty();

    RecordMutator mutator =
        new RecordMutator(serdes, 4, List.of("other", "agent-1"), Map.of(), 20260101);
    Map<String, Integer> harmless = new TreeMap<>();
    for (int i = 0; i < MUTANTS; i++) {
      Raw original = genuine.get(i % genuine.size());
      Mutant mutant = mutator.mutate(original);
      int before = ignored.size();
      Optional<?> read = read(entry(mutant.raw()));
      assertThat(ignored.size() - before)
          .as("%s %s", mutant.raw().topic(), mutant.change())
          .isEqualTo(read.isPresent() ? 0 : 1);
      if (read.isPresent() && !mutant.raw().isIdenticalTo(original)) {
        isHarmless(mutant, read.get());
        harmless.merge(mutant.raw().topic() + " " + mutant.kind(), 1, Integer::sum);
      }
    }
    assertThat(ignored.size()).as("harmless: %s", harmless).isGreaterThan(MUTANTS / 2);
  }

  /** What nothing binds to anything, or what was sealed again: it is for others to find out that it is not true. */
  private void isHarmless(Mutant mutant, Object record) {
    String change = mutant.raw().topic() + " " + mutant.kind() + " " + mutant.change();
    switch (record) {
      case RunDefinition found -> {
        assertThat(found.layout().size()).isPositive();
        assertThat(found.maskVersionIn(found.lastRound())).isNotNegative();
        assertThat(found.cost().layers()).isEqualTo(found.layout().prunable().size());
      }
      case LedgerEntry event ->
          assertThat(event.getEvent())
              .as(change)
              .isNotInstanceOf(RoundClosed.class)
              .isNotInstanceOf(RunFinished.class);
      case AggregateShard _ -> assertThat(mutant.kind()).as(change).isEqualTo(Kind.SEALED_FIELD);
      case CheckpointShard _ -> assertThat(mutant.kind()).as(change).isEqualTo(Kind.SEALED_FIELD);
      case UpdateSubmitted _ -> {}
      case MetricEntry _ -> {}
      default -> throw new AssertionError(change);
    }
  }
}
