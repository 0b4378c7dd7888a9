package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.audit.RunVerifier;
import io.coppice.audit.Verification;
import io.coppice.audit.Violation;
import io.coppice.console.CommandRun;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.replay.KafkaEvidence;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A finished run whose log was edited on the broker's disk. Every case works on a copy of one run's directory; what can be done
 * to records in the same way in memory is not done again here.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DiskTamperTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final int ROUNDS = 4;
  private static final int SHARD_VALUES = 10_000;

  @TempDir private static Path shared;

  /** The run's log as the services left it. */
  private static Path original;

  /** The run's records, and where they lie. */
  private static MemoryEvidence records;

  @TempDir private Path temporary;

  private Path log;
  private LogSurgeon surgeon;

  @BeforeAll
  static void train() throws Exception {
    original = shared.resolve("log");
    Dataset train = Datasets.open(MNIST, Split.TRAIN).subset(IntStream.range(0, 200).toArray());
    Dataset test = Datasets.open(MNIST, Split.TEST).subset(IntStream.range(0, 50).toArray());
    try (Ring ring = new Ring(train, test, shared.resolve("streams"), original)) {
      RunDefinition run =
          ring.define(
              TestRuns.small("edited", ROUNDS, new Participation(2, 2, TestRuns.NO_DEADLINE, null))
                  .setShardValues(SHARD_VALUES)
                  .build());
      ring.startAgent(run, "agent-0");
      ring.startAgent(run, "agent-1");
      ring.finish(run);
      records = ring.evidence(run);
    }
  }

  @BeforeEach
  void copyLog() throws IOException {
    log = temporary.resolve("log");
    try (Stream<Path> paths = Files.walk(original)) {
      for (Path path : paths.toList()) {
        Files.copy(path, log.resolve(original.relativize(path)));
      }
    }
    surgeon = new LogSurgeon(log);
  }

  /** What the auditor says of the edited log. */
  private Verification verify() throws InterruptedException {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(log, 0)) {
      LogSerdes serdes = new LogSerdes(cluster.config().newRegistry());
      try (KafkaEvidence evidence = new KafkaEvidence(cluster.config(), serdes)) {
        RunDefinition run = evidence.find(Optional.empty()).orElseThrow();
        return new RunVerifier(evidence, run, RunVerifier.Options.all(), verdict -> {}).verify();
      }
    }
  }

  private Violation violation() throws InterruptedException {
    return verify().violation().orElseThrow(() -> new AssertionError("the run holds"));
  }

  private static void assertIsAt(Violation violation, LogRecord record, String field) {
    assertThat(violation.topic()).as(violation.getMessage()).isEqualTo(record.topic());
    assertThat(violation.partition()).as(violation.getMessage()).isEqualTo(record.partition());
    assertThat(violation.offset())
        .as(violation.getMessage())
        .isEqualTo(OptionalLong.of(record.offset()));
    assertThat(violation.field()).as(violation.getMessage()).isEqualTo(field);
  }

  private static LogRecord update(String agent, int round, int shard) {
    return records.first(
        Topic.UPDATES,
        UpdateShard.class,
        u ->
            u.getAgentId().equals(agent)
                && u.getRound() == round
                && u.getKind() == ShardKind.DELTA
                && u.getShard() == shard);
  }

  private static LogRecord closed(int round) {
    return records.first(
        Topic.ROUNDS,
        LedgerEntry.class,
        e -> e.getEvent() instanceof RoundClosed closed && closed.getRound() == round);
  }

  private static ByteBuffer withBitFlipped(ByteBuffer values) {
    byte[] bytes = new byte[values.remaining()];
    values.duplicate().get(bytes);
    bytes[bytes.length / 2] ^= 1;
    return ByteBuffer.wrap(bytes);
  }

  @Test
  void aLogWrittenAnewAsItWasHolds() throws Exception {
    for (Topic topic : List.of(Topic.UPDATES, Topic.AGGREGATES, Topic.CHECKPOINTS)) {
      for (int p = 0; p < Ring.SHARD_PARTITIONS; p++) {
        surgeon.copy(topic, p);
      }
    }
    surgeon.copy(Topic.ROUNDS, closed(0).partition());
    Verification verification = verify();
    assertThat(verification.violation()).isEmpty();
    assertThat(verification.finished()).isTrue();
    assertThat(verification.lastRound()).isEqualTo(ROUNDS - 1);
  }

  @Test
  void oneBitOfOneUpdate() throws Exception {
    LogRecord update = update("agent-1", 2, 5);
    surgeon.change(
        update,
        UpdateShard.class,
        u -> {
          u.setValues(withBitFlipped(u.getValues()));
          return u;
        });
    Verification verification = verify();
    assertIsAt(verification.violation().orElseThrow(), update, "values");
    assertThat(verification.lastRound()).isEqualTo(1);
  }

  @Test
  void oneBitOfOneUpdateWhoseChecksumDoesNotFit() throws Exception {
    LogRecord update = update("agent-1", 2, 5);
    long batch = surgeon.damage(update);
    Violation violation = violation();
    assertThat(violation.topic()).isEqualTo(Topic.UPDATES);
    assertThat(violation.partition()).isEqualTo(update.partition());
    assertThat(violation.offset()).isEqualTo(OptionalLong.of(batch));
    assertThat(violation.what()).startsWith("the record cannot be read (");
  }

  @Test
  void theCommandNamesTheDamagedRecordInOneSentence() throws Exception {
    LogRecord update = update("agent-0", 1, 3);
    long batch = surgeon.damage(update);
    CommandRun command = CommandRun.of("audit", "verify", "--quiet", "--dir", log.toString());
    assertThat(command.exitCode()).isEqualTo(1);
    assertThat(command.err().lines().toList())
        .singleElement()
        .asString()
        .startsWith(
            "Run edited does not hold: "
                + LogRecord.position(Topic.UPDATES, update.partition(), batch)
                + ": the record cannot be read (")
        .endsWith(".");
  }

  @Test
  void oneBitOfOneAggregateWithItsDigestMadeAnew() throws Exception {
    LogRecord aggregate =
        records.first(
            Topic.AGGREGATES,
            AggregateShard.class,
            a -> a.getRound() == 1 && a.getShard() == Ring.SHARD_PARTITIONS + 1);
    surgeon.change(
        aggregate,
        AggregateShard.class,
        a -> {
          a.setValues(withBitFlipped(a.getValues()));
          a.setDigest(ContentDigest.of(a));
          return a;
        });
    assertIsAt(violation(), aggregate, "values");
  }

  @Test
  void oneBitOfOneMask() throws Exception {
    LogRecord mask = records.first(Topic.MASKS, MaskPublished.class, m -> m.getVersion() == 1);
    surgeon.change(
        mask,
        MaskPublished.class,
        m -> {
          LayerMask first = m.getLayers().getFirst();
          first.setBitmap(withBitFlipped(first.getBitmap()));
          return m;
        });
    assertIsAt(violation(), mask, "digest");
  }

  @Test
  void oneBitOfOneCheckpointWithItsDigestMadeAnew() throws Exception {
    LogRecord checkpoint =
        records.first(
            Topic.CHECKPOINTS, CheckpointShard.class, c -> c.getRound() > 0 && c.getShard() == 2);
    surgeon.change(
        checkpoint,
        CheckpointShard.class,
        c -> {
          c.setValues(withBitFlipped(c.getValues()));
          c.setDigest(ContentDigest.of(c));
          return c;
        });
    assertIsAt(violation(), checkpoint, "values");
  }

  @Test
  void aSubmissionThatIsGone() throws Exception {
    LogRecord submission =
        records.first(
            Topic.SUBMISSIONS,
            UpdateSubmitted.class,
            s -> s.getRound() == 2 && s.getAgentId().equals("agent-1"));
    surgeon.remove(submission);
    assertIsAt(violation(), closed(2), "contributors[1].submissionDigest");
  }

  @Test
  void anUpdateThatIsGone() throws Exception {
    LogRecord update = update("agent-0", 2, 6);
    surgeon.remove(update);
    Violation violation = violation();
    assertIsAt(violation, update, "");
    assertThat(violation.what()).startsWith("the record is not there, but aggregates-");
  }

  @Test
  void twoUpdatesThatHaveChangedPlaces() throws Exception {
    LogRecord one = update("agent-0", 1, 2);
    LogRecord other = update("agent-1", 1, 2);
    surgeon.swap(one, other);
    assertIsAt(violation(), one.offset() < other.offset() ? one : other, "agentId");
  }

  @Test
  void aLedgerThatIsCutOffWhileTheOtherTopicsGoOn() throws Exception {
    surgeon.truncate(closed(2));
    Verification verification = verify();
    assertThat(verification.lastRound()).isEqualTo(1);
    Violation violation = verification.violation().orElseThrow();
    assertThat(violation.topic()).isEqualTo(Topic.ROUNDS);
    assertThat(violation.partition()).isEqualTo(closed(2).partition());
    assertThat(violation.what()).startsWith("the ledger ends with round 1");
  }

  @Test
  void aContributorLeftOutOfAClosedRoundWhoseDigestIsMadeAnew() throws Exception {
    LogRecord round = closed(1);
    surgeon.change(
        round,
        LedgerEntry.class,
        entry -> {
          RoundClosed closed = (RoundClosed) entry.getEvent();
          assertThat(closed.getReason()).isEqualTo(CloseReason.ALL_REPORTED);
          List<Contributor> kept = List.of(closed.getContributors().getFirst());
          closed.setContributors(kept);
          closed.setDigest(ContentDigest.of(entry.getRunId(), closed));
          return entry;
        });
    assertIsAt(violation(), round, "contributors");
  }
}
