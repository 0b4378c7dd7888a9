package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.audit.RunVerifier;
import io.coppice.audit.Verification;
import io.coppice.audit.bundle.BundleEvidence;
import io.coppice.audit.bundle.BundleFile;
import io.coppice.audit.bundle.BundleManifest;
import io.coppice.audit.bundle.BundleWriter;
import io.coppice.audit.diff.DiffResult;
import io.coppice.audit.diff.FieldDifference;
import io.coppice.audit.diff.Parting;
import io.coppice.audit.diff.RunDiff;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.pruning.MaskPolicy;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.KafkaEvidence;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs of the whole ring, taken out of the log as bundles and compared with each other. */
class BundleTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final int ROUNDS = 4;

  /** Of two agents: a sum of two numbers is the same in either order. */
  private static final Participation BOTH = new Participation(2, 2, TestRuns.NO_DEADLINE, null);

  @TempDir private static Path streams;
  @TempDir private Path directory;

  private static Ring ring;
  private static RunLog original;
  private static EvidenceSource log;

  @BeforeAll
  static void start() throws Exception {
    ring =
        new Ring(
            first(600, Datasets.open(MNIST, Split.TRAIN)),
            first(100, Datasets.open(MNIST, Split.TEST)),
            streams);
    original = train(TestRuns.prunefl("original", ROUNDS, BOTH).build());
  }

  @AfterAll
  static void stop() {
    ring.close();
  }

  private static Dataset first(int count, Dataset data) {
    return data.subset(IntStream.range(0, count).toArray());
  }

  private static RunLog train(TrainingRun definition) throws Exception {
    RunDefinition run = ring.define(definition);
    for (RunAction action : List.of(RunAction.STOP, RunAction.RESUME)) {
      Runs.command(ring.cluster(), ring.serdes(), run.id(), action, "a break", "ann@desk");
    }
    ring.startAgent(run, "agent-0");
    ring.startAgent(run, "agent-1");
    RunLog trained = ring.finish(run);
    log = new KafkaEvidence(ring.cluster(), ring.serdes());
    return trained;
  }

  private BundleManifest export(EvidenceSource source, RunDefinition run, String name)
      throws Exception {
    List<Double> fractions = new ArrayList<>();
    BundleManifest manifest =
        new BundleWriter(source, "a test", "0").write(run, directory.resolve(name), fractions::add);
    assertThat(fractions).isSorted().endsWith(1.0).allMatch(f -> f >= 0 && f <= 1);
    return manifest;
  }

  private static List<LogRecord> records(EvidenceSource source, RunDefinition run, Topic topic) {
    List<LogRecord> records = new ArrayList<>();
    for (int p = 0; p < source.partitions(topic); p++) {
      try (RecordCursor cursor = source.read(run, topic, p)) {
        for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
          records.add(next.get());
        }
      }
    }
    return records;
  }

  @Test
  void everyRecordOfTheBundleIsThatOfTheLog() throws Exception {
    RunDefinition run = original.run();
    writeWhatCannotBeDecoded(run);

    BundleManifest manifest = export(log, run, "bundle");

    RunFinished seal = original.events(RunFinished.class).getFirst();
    assertThat(manifest.ledger().orElseThrow().finished()).isTrue();
    assertThat(manifest.ledger().get().digest())
        .isEqualTo(HexFormat.of().formatHex(seal.getDigest().array()));
    try (BundleEvidence bundle = BundleEvidence.open(directory.resolve("bundle"))) {
      assertThat(bundle.checkFiles(f -> {})).isEmpty();
      assertThat(bundle.find(Optional.empty())).contains(run);
      assertThat(verify(bundle, run).violation()).isEmpty();
      for (Topic topic : Topic.values()) {
        if (!topic.isInternal()) {
          List<LogRecord> expected = records(log, run, topic);
          assertThat(records(bundle, run, topic)).as(topic.suffix()).isEqualTo(expected);
          assertThat(expected).as(topic.suffix()).isNotEmpty();
        }
      }
      assertThat(records(bundle, run, Topic.SUBMISSIONS))
          .anyMatch(
              record ->
                  record.fault() != null
                      && record.raw().equals(ByteBuffer.wrap(new byte[] {1, 2, 3})));
    }
    avroReadsItWithoutUs(manifest);
  }

  /** Also waits until it has been rejected. */
  private static void writeWhatCannotBeDecoded(RunDefinition run) throws Exception {
    try (var producer =
        new KafkaProducer<>(
            ring.cluster().kafka(), new StringSerializer(), new ByteArraySerializer())) {
      String topic = ring.cluster().name(Topic.SUBMISSIONS);
      int partition = LogKeys.runPartition(run.id(), producer.partitionsFor(topic).size());
      producer.send(new ProducerRecord<>(topic, partition, run.id(), new byte[] {1, 2, 3})).get();
    }
    for (int i = 0; i < 300 && records(log, run, Topic.REJECTS).isEmpty(); i++) {
      Thread.sleep(100);
    }
  }

  private void avroReadsItWithoutUs(BundleManifest manifest) throws Exception {
    for (BundleFile file : manifest.files()) {
      try (DataFileReader<GenericRecord> reader =
          new DataFileReader<>(
              directory.resolve("bundle").resolve(file.name()).toFile(),
              new GenericDatumReader<>())) {
        long records = 0;
        for (GenericRecord entry : reader) {
          records++;
          assertThat((long) entry.get("offset")).isBetween(file.firstOffset(), file.lastOffset());
        }
        assertThat(records).isEqualTo(file.records());
      }
    }
  }

  @Test
  void theMaskOfAnotherRunComesWithTheRunThatStartsFromIt() throws Exception {
    MaskPublished last = original.masks.getLast();
    StartMask start = new StartMask("original", last.getVersion(), last.getDigest());
    TrainingRun.Builder definition = TestRuns.prunefl("restarted", 1, BOTH).setStart(start);
    MaskPolicy reinit = MaskPolicy.named("reinit");
    definition.getPruning().setPolicy(reinit.name());
    definition.getPruning().setDecisions(reinit.schedule(definition.build()));
    RunLog restarted = train(definition.build());

    export(log, restarted.run(), "bundle");

    try (BundleEvidence bundle = BundleEvidence.open(directory.resolve("bundle"))) {
      assertThat(bundle.startMask(start)).contains(last);
      assertThat(bundle.runs())
          .extracting(RunDefinition::id)
          .containsExactly("original", "restarted");
      assertThat(bundle.find(Optional.empty())).contains(restarted.run());
      assertThat(verify(bundle, restarted.run()).violation()).isEmpty();
    }
  }

  @Test
  void runsOfTheSameDefinitionAreEqual() throws Exception {
    RunLog again = train(TestRuns.prunefl("again", ROUNDS, BOTH).build());
    export(log, again.run(), "again");
    try (BundleEvidence bundle = BundleEvidence.open(directory.resolve("again"))) {
      DiffResult result = diff(log, original.run(), bundle, again.run());
      assertThat(result.definition()).isEmpty();
      assertThat(result.contributors()).isEmpty();
      assertThat(result.parting()).isEmpty();
      assertThat(result.equalRounds()).isEqualTo(ROUNDS);
      assertThat(result.firstEnd().why()).contains("the run is finished");
      assertThat(result.secondEnd()).isEqualTo(result.firstEnd());
    }
  }

  @Test
  void anotherLearningRatePartsTheRunsInTheFirstRound() throws Exception {
    TrainingRun.Builder definition = TestRuns.prunefl("slower", 1, BOTH);
    definition.getTraining().setLearningRate(0.05);
    RunLog slower = train(definition.build());

    DiffResult result = diff(log, original.run(), log, slower.run());

    assertThat(result.definition())
        .contains(new FieldDifference("training.learningRate", "0.1", "0.05"))
        .contains(new FieldDifference("rounds", "4", "1"));
    assertThat(result.parting()).contains(firstDifferenceOfRound0(slower));
  }

  /** Under the full mask an active value's index is its parameter's. */
  private static Parting firstDifferenceOfRound0(RunLog other) {
    float[] first = deltaOfRound0(original);
    float[] second = deltaOfRound0(other);
    int at = 0;
    while (first[at] == second[at]) {
      at++;
    }
    ParameterTensor tensor = original.run().layout().tensors().getFirst();
    assertThat(tensor.shape()).hasSize(4).element(1).isEqualTo(1);
    assertThat(at).isLessThan(Math.min(tensor.size(), original.run().run().getShardValues()));
    int width = tensor.shape().get(3);
    int kernel = tensor.shape().get(2) * width;
    String parameter =
        String.format(
            "%s.weight[%d][0][%d][%d]",
            tensor.layer(), at / kernel, at % kernel / width, at % kernel % width);
    return new Parting.InAggregate(0, ShardKind.DELTA, 0, at, parameter, first[at], second[at]);
  }

  private static float[] deltaOfRound0(RunLog run) {
    float[] delta = new float[run.run().layout().size()];
    run.aggregates.stream()
        .map(RunLog.At::value)
        .filter(a -> a.getRound() == 0 && a.getKind() == ShardKind.DELTA)
        .sorted(Comparator.comparingInt(AggregateShard::getShard))
        .forEach(
            a ->
                Encoding.FLOAT32.decode(
                    a.getValues(),
                    delta,
                    run.run().shards().from(a.getShard()),
                    a.getValueCount()));
    return delta;
  }

  @Test
  void oneValueThatIsChangedInABundleIsFound() throws Exception {
    AggregateShard victim =
        original.aggregates.stream()
            .map(RunLog.At::value)
            .filter(a -> a.getRound() == 2 && a.getShard() == 5 && a.getKind() == ShardKind.DELTA)
            .findFirst()
            .orElseThrow();
    export(new OneValueChanged(log, victim, 123), original.run(), "forged");
    try (BundleEvidence forged = BundleEvidence.open(directory.resolve("forged"))) {
      assertThat(verify(forged, original.run()).violation().orElseThrow().topic())
          .isEqualTo(Topic.AGGREGATES);
      DiffResult result = diff(log, original.run(), forged, original.run());
      assertThat(result.equalRounds()).isEqualTo(2);
      assertThat(result.parting().orElseThrow())
          .isInstanceOfSatisfying(
              Parting.InAggregate.class,
              found -> {
                assertThat(found.round()).isEqualTo(2);
                assertThat(found.shard()).isEqualTo(5);
                assertThat(found.index()).isEqualTo(123);
                assertThat(Float.floatToRawIntBits(found.first()) ^ 1)
                    .isEqualTo(Float.floatToRawIntBits(found.second()));
              });
    }
  }

  private static Verification verify(EvidenceSource source, RunDefinition run)
      throws InterruptedException {
    return new RunVerifier(source, run, RunVerifier.Options.all(), verdict -> {}).verify();
  }

  private static DiffResult diff(
      EvidenceSource firstLog,
      RunDefinition first,
      EvidenceSource secondLog,
      RunDefinition second) {
    return new RunDiff(firstLog, first, secondLog, second).compare(round -> {});
  }

  /**
   * A log in which the lowest bit of one value is another.
   *
   * @param index of the value in the shard
   */
  private record OneValueChanged(EvidenceSource log, AggregateShard victim, int index)
      implements EvidenceSource {

    @Override
    public List<RunDefinition> runs() {
      return log.runs();
    }

    @Override
    public int partitions(Topic topic) {
      return log.partitions(topic);
    }

    @Override
    public RecordCursor read(RunDefinition run, Topic topic, int partition) {
      return readFrom(run, topic, partition, 0);
    }

    @Override
    public RecordCursor readFrom(RunDefinition run, Topic topic, int partition, long offset) {
      RecordCursor records = log.readFrom(run, topic, partition, offset);
      return new RecordCursor() {
        @Override
        public Optional<LogRecord> next() {
          return records.next().map(OneValueChanged.this::changed);
        }

        @Override
        public void close() {
          records.close();
        }
      };
    }

    private LogRecord changed(LogRecord record) {
      if (!victim.equals(record.value())) {
        return record;
      }
      AggregateShard forged = AggregateShard.newBuilder(victim).build();
      ByteBuffer values = forged.getValues();
      int at = values.position() + index * Float.BYTES;
      values.put(at, (byte) (values.get(at) ^ 1));
      return new LogRecord(
          record.topic(),
          record.partition(),
          record.offset(),
          record.timestamp(),
          record.key(),
          forged,
          null,
          record.bytes());
    }

    @Override
    public void close() {
      // The log is closed by whoever has opened it.
    }
  }
}
