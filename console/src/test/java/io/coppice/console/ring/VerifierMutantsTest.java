package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.coppice.audit.RunVerifier;
import io.coppice.audit.UnusableCheckpointException;
import io.coppice.audit.Verification;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RecordMutator;
import io.coppice.schemas.RecordMutator.Mutant;
import io.coppice.schemas.RecordMutator.Raw;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.Topic;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ten thousand mutants, each in the place of one record of a real run whose seal is known. The verifier never fails on one, and
 * reports each that could have changed anything.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class VerifierMutantsTest {

  private static final int MUTANTS = 10_000;
  private static final int PARTS = 4;

  /** What nothing that was trained follows from. */
  private static final Set<Topic> NO_EVIDENCE = Set.of(Topic.AGENTS, Topic.METRICS, Topic.REJECTS);

  private static Ring ring;
  private static MemoryEvidence original;
  private static RunVerifier.Options sealed;
  private static RunVerifier.Options fromCheckpoint;
  private static final Map<Topic, List<LogRecord>> records = new EnumMap<>(Topic.class);
  private static final Map<String, KeyPair> keys = new HashMap<>();

  @BeforeAll
  static void train(@TempDir Path streams) throws Exception {
    Path mnist = Path.of("..", "data", "mnist");
    Dataset train = Datasets.open(mnist, Split.TRAIN).subset(IntStream.range(0, 100).toArray());
    Dataset test = Datasets.open(mnist, Split.TEST).subset(IntStream.range(0, 20).toArray());
    ring = new Ring(train, test, streams);
    RunDefinition run =
        ring.define(
            TestRuns.prunefl("mutants", 4, new Participation(2, 2, TestRuns.NO_DEADLINE, null))
                .setShardValues(10_000)
                .build());
    for (String agent : List.of("agent-0", "agent-1")) {
      keys.put(agent, ring.keys(agent));
      ring.startAgent(run, agent);
    }
    ring.finish(run);
    original = ring.evidence(run);
    for (Topic topic : Topic.values()) {
      if (!topic.isInternal() && !original.all(topic).isEmpty()) {
        records.put(topic, original.all(topic));
      }
    }
    sealed =
        new RunVerifier.Options(
            OptionalInt.empty(), OptionalInt.empty(), Optional.of(original.verify().head()), 1);
    assertThat(original.verify(sealed).violation()).isEmpty();
    fromCheckpoint =
        new RunVerifier.Options(OptionalInt.empty(), OptionalInt.of(3), Optional.empty(), 1);
    assertThat(original.verify(fromCheckpoint).recomputedFrom()).isPositive();
  }

  @AfterAll
  static void stop() {
    ring.close();
  }

  @Test
  void everyMutantIsReportedOrChangesNothing() {
    AtomicInteger reported = new AtomicInteger();
    IntStream.range(0, PARTS).parallel().forEach(part -> reported.addAndGet(part(part)));
    assertThat(reported.get()).isBetween(MUTANTS / 2, MUTANTS);
  }

  /** Tries a part of the mutants, and returns how many were reported. */
  private static int part(int part) {
    LogSerdes serdes = ring.serdes();
    Random random = new Random(part);
    RecordMutator mutator =
        new RecordMutator(
            serdes, Ring.SHARD_PARTITIONS, List.of("mutants", "agent-0", "other"), keys, part);
    List<Topic> topics = List.copyOf(records.keySet());
    int reported = 0;
    for (int i = 0; i < MUTANTS / PARTS; i++) {
      List<LogRecord> of = records.get(topics.get(random.nextInt(topics.size())));
      LogRecord record = of.get(random.nextInt(of.size()));
      Raw raw = raw(serdes, record);
      Mutant mutant = mutator.mutate(raw);
      if (i % 10 == 0) {
        neverFailsFromACheckpoint(record, mutant);
      }
      if (isReported(record, raw, mutant)) {
        reported++;
      }
    }
    return reported;
  }

  private static boolean isReported(LogRecord record, Raw raw, Mutant mutant) {
    String what = record.position() + " " + mutant.kind() + " " + mutant.change();
    MemoryEvidence log = original.copy();
    LogRecord inserted = decode(record, mutant.raw());
    replace(log, record, inserted);
    Verification verification;
    try {
      if (log.find(Optional.of("mutants")).isEmpty()) {
        return true; // there is no such run any more
      }
      verification = log.verify(sealed);
    } catch (InterruptedException | RuntimeException | Error e) {
      return fail(what, e);
    }
    if (verification.violation().isPresent()) {
      return true;
    }
    boolean harmless =
        mutant.raw().isIdenticalTo(raw)
            || NO_EVIDENCE.contains(record.topic())
            || sameContent(record, inserted)
            || isSameDefinitionElsewhere(record, inserted)
            || isLaterCheckpoint(record);
    assertThat(harmless).as(what).isTrue();
    return false;
  }

  private static void neverFailsFromACheckpoint(LogRecord record, Mutant mutant) {
    MemoryEvidence log = original.copy();
    replace(log, record, decode(record, mutant.raw()));
    try {
      if (log.find(Optional.of("mutants")).isPresent()) {
        assertThat(log.verify(fromCheckpoint)).isNotNull();
      }
    } catch (UnusableCheckpointException e) {
      assertThat(record.topic()).isEqualTo(Topic.CHECKPOINTS);
    } catch (InterruptedException | RuntimeException e) {
      fail(record.position() + " " + mutant.kind() + " " + mutant.change(), e);
    }
  }

  /** A mutant of the bytes or of the place may hold the same record, for the same run and in the same partition. */
  private static boolean sameContent(LogRecord record, LogRecord inserted) {
    return inserted.partition() == record.partition()
        && LogKeys.isOfRun(inserted.key(), "mutants")
        && record.value().equals(inserted.value());
  }

  /** Definitions are looked for in all partitions. */
  private static boolean isSameDefinitionElsewhere(LogRecord record, LogRecord inserted) {
    return record.topic() == Topic.RUNS && record.value().equals(inserted.value());
  }

  /**
   * Checkpoints are compacted, so one that is gone is no violation. Where it says that aggregates go on may be too early, and
   * nothing says where they would go on behind the last round.
   */
  private static boolean isLaterCheckpoint(LogRecord record) {
    return record.value() instanceof CheckpointShard;
  }

  private static Raw raw(LogSerdes serdes, LogRecord record) {
    return new Raw(
        record.topic(),
        record.partition(),
        record.key().getBytes(StandardCharsets.UTF_8),
        serialize(serdes, record));
  }

  @SuppressWarnings("unchecked")
  private static byte[] serialize(LogSerdes serdes, LogRecord record) {
    return ((RecordSerde<SpecificRecord>) serdes.of(record.topic()))
        .serialize(ring.cluster().name(record.topic()), record.value());
  }

  private static LogRecord decode(LogRecord place, Raw raw) {
    SpecificRecord value = null;
    String fault = null;
    try {
      value = ring.serdes().of(place.topic()).deserialize(place.topic().suffix(), raw.value());
    } catch (SerializationException e) {
      fault = e.getMessage();
    }
    return new LogRecord(
        place.topic(),
        raw.partition(),
        place.offset(),
        place.timestamp(),
        raw.key() == null ? null : new String(raw.key(), StandardCharsets.UTF_8),
        value,
        fault,
        raw.value() == null ? 0 : raw.value().length);
  }

  private static void replace(MemoryEvidence log, LogRecord record, LogRecord inserted) {
    log.remove(record);
    if (LogKeys.isOfRun(inserted.key(), "mutants")
        && inserted.partition() < log.partitions(record.topic())) {
      log.put(inserted);
    }
  }
}
