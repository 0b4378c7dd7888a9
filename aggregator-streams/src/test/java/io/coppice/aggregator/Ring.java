package io.coppice.aggregator;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coppice.aggregator.observe.Telemetry;
import io.coppice.aggregator.rounds.RoundCoordinator;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.InMemoryRegistry;
import io.coppice.schemas.InitialPruning;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Loss;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.RecordMutator;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateShard;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;

/**
 * The aggregator under a {@link TopologyTestDriver}, with everything around it played by the test: one partition a topic, a model of
 * one layer with 8 weights and 2 biases, and 4 values a shard.
 */
public final class Ring implements AutoCloseable {

  public static final String RUN = "run-a";
  public static final int PARAMETERS = 10;
  public static final long DEADLINE = 10_000;
  public static final Duration TICK = Duration.ofSeconds(1);

  private static final String PREFIX = "coppice.";
  static final Instant START = Instant.ofEpochMilli(1_000_000);

  public final LogSerdes serdes = new LogSerdes(new InMemoryRegistry());

  /** Stands still for the figures until it is moved on. */
  public final MockClock clock = new MockClock();

  public final SimpleMeterRegistry figures = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
  public final RecordedUpdates updates = new RecordedUpdates();
  private final TopologyTestDriver driver;
  private final Map<String, KeyPair> keys = new HashMap<>();
  private long updateOffset;
  private long now = START.toEpochMilli();

  public Ring(Path stateDirectory) {
    Properties settings = new Properties();
    settings.put("application.id", "test");
    settings.put("bootstrap.servers", "nowhere:1");
    settings.put("state.dir", stateDirectory.toString());
    settings.put("rocksdb.config.setter", SmallRocksDb.class);
    driver =
        new TopologyTestDriver(
            AggregatorTopology.build(
                PREFIX,
                serdes,
                new Sizing(1, 1, Optional.empty()),
                () -> updates,
                TICK,
                new Telemetry(figures)),
            settings,
            START);
  }

  // What goes in

  public void define(TrainingRun run) {
    send(Topic.RUNS, run.getRunId(), serdes.runs, run);
  }

  void command(RunCommand command) {
    send(Topic.COMMANDS, command.getRunId(), serdes.commands, command);
  }

  public void join(String runId, String... agents) {
    for (String agent : agents) {
      join(joined(runId, agent));
    }
  }

  public void join(AgentJoined joined) {
    send(
        Topic.AGENTS, LogKeys.agent(joined.getRunId(), joined.getAgentId()), serdes.agents, joined);
  }

  public AgentJoined joined(String runId, String agent) {
    return new AgentJoined(
        runId, agent, Instant.EPOCH, 100, 50L, null, Signatures.encode(keys(agent).getPublic()));
  }

  public void publish(MaskPublished mask) {
    send(Topic.MASKS, mask.getRunId(), serdes.masks, mask);
  }

  /** The shards of the update, then its submission. */
  public void submit(TestUpdate update) {
    sendShards(update);
    sendSubmission(update);
  }

  public void sendShards(TestUpdate update) {
    update.shards.forEach(this::sendShard);
  }

  public void sendShard(UpdateShard shard) {
    byte[] value = serdes.updates.serialize(name(Topic.UPDATES), shard);
    sendRaw(
        Topic.UPDATES,
        LogKeys.shard(shard.getRunId(), shard.getKind(), shard.getShard()).getBytes(UTF_8),
        value);
  }

  public void sendSubmission(TestUpdate update) {
    send(Topic.SUBMISSIONS, update.submission.getRunId(), serdes.submissions, update.submission);
  }

  public <T extends SpecificRecord> void send(
      Topic topic, String key, RecordSerde<T> serde, T record) {
    sendRaw(topic, key.getBytes(UTF_8), serde.serialize(name(topic), record));
  }

  public void sendRaw(Topic topic, byte[] key, byte[] value) {
    if (topic == Topic.UPDATES) {
      updates.put(updateOffset++, value);
    }
    driver
        .createInputTopic(name(topic), new ByteArraySerializer(), new ByteArraySerializer())
        .pipeInput(key, value, now);
  }

  /** Lets time pass; ticks come in between. */
  public void pass(long millis) {
    now += millis;
    driver.advanceWallClockTime(Duration.ofMillis(millis));
  }

  /** Lets time pass for the records that come, without a tick. */
  public void passSilently(long millis) {
    now += millis;
  }

  // What comes out

  /** Events of the ledger since the last call, of all runs. */
  public List<LedgerEntry> ledger() {
    return read(Topic.ROUNDS, serdes.rounds);
  }

  /** Events of one type since the last call. */
  public <E> List<E> events(Class<E> type) {
    return ledger().stream()
        .map(LedgerEntry::getEvent)
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }

  public List<AggregateShard> aggregates() {
    return read(Topic.AGGREGATES, serdes.aggregates);
  }

  /** The aggregated importance that was written since the last call. */
  List<AggregateShard> importance() {
    return read(Topic.IMPORTANCE, serdes.aggregates);
  }

  public List<RejectedRecord> rejects() {
    return read(Topic.REJECTS, serdes.rejects);
  }

  public List<io.coppice.schemas.Tick> ticks() {
    return read(Topic.TICKS, serdes.ticks);
  }

  /** The records that were written to a topic since the last call, as they lie there. */
  public List<RecordMutator.Raw> written(Topic topic) {
    return driver
        .createOutputTopic(name(topic), new ByteArrayDeserializer(), new ByteArrayDeserializer())
        .readRecordsToList()
        .stream()
        .map(r -> new RecordMutator.Raw(topic, 0, r.key(), r.value()))
        .toList();
  }

  /** What the round coordinator knows. */
  public SortedMap<String, String> state() {
    SortedMap<String, String> state = new TreeMap<>();
    try (var entries = driver.<String, byte[]>getKeyValueStore(RoundCoordinator.STORE).all()) {
      entries.forEachRemaining(e -> state.put(e.key, HexFormat.of().formatHex(e.value)));
    }
    return state;
  }

  private <T extends SpecificRecord> List<T> read(Topic topic, RecordSerde<T> serde) {
    TestOutputTopic<byte[], T> out =
        driver.createOutputTopic(name(topic), new ByteArrayDeserializer(), serde);
    return out.readRecordsToList().stream().map(TestRecord::value).toList();
  }

  public static String name(Topic topic) {
    return topic.name(PREFIX);
  }

  @Override
  public void close() {
    driver.close();
  }

  // Records

  public KeyPair keys(String agent) {
    return keys.computeIfAbsent(agent, a -> Signatures.newKeyPair());
  }

  /** Gives an agent the keys that it has in another ring. */
  public void adopt(String agent, KeyPair pair) {
    keys.put(agent, pair);
  }

  /** A run of 3 rounds with 3 agents and a quorum of 2; weights of up to 40; no pruning. */
  public static TrainingRun run(String runId) {
    return new TrainingRun(
        runId,
        Instant.EPOCH,
        1L,
        new Architecture("mlp", List.of(1, 2, 2), 2),
        Loss.SOFTMAX_CROSS_ENTROPY,
        new LocalTraining(4, 10, 0.1, 1.0),
        3,
        new Participation(3, 2, DEADLINE, null),
        new PruningPolicy(
            "none",
            1,
            0.3,
            1000.0,
            null,
            Regrow.ZERO,
            ImportanceRounds.EVERY_ROUND,
            null,
            null,
            null),
        null,
        new Evaluation(1, EvaluationMode.CENTRAL),
        new CostCoefficients("test", 1.0, 1.0, List.of(1.0), null),
        new Encodings(TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32),
        TestUpdate.SHARDS.valuesPerShard(),
        50,
        null,
        null,
        SignatureRule.REQUIRED,
        null);
  }

  public static InitialPruning initialPruning() {
    return new InitialPruning(30, 5, 1, 1, 0.0, 0.1, 5, 2 * DEADLINE);
  }

  /** A mask that keeps the first weights of the layer. */
  public static MaskPublished mask(String runId, int version, int effectiveRound, int kept) {
    MaskPublished mask =
        new MaskPublished(
            runId,
            version,
            effectiveRound,
            version == 0 ? MaskOrigin.INITIAL : MaskOrigin.RECONFIGURATION,
            List.of(layer(kept)),
            kept + 2,
            kept / 8.0,
            null,
            List.of(),
            null,
            null,
            ByteBuffer.allocate(0));
    mask.setDigest(ContentDigest.of(mask));
    return mask;
  }

  public static LayerMask layer(int kept) {
    return new LayerMask(
        "fc1", List.of(2, 4), kept, ByteBuffer.wrap(new byte[] {(byte) ((1 << kept) - 1)}));
  }

  /** An update under the full mask. */
  public TestUpdate update(String runId, String agent, int round, long weight, float[] delta) {
    return update(runId, agent, round, 0, weight, delta, new float[0]);
  }

  public TestUpdate update(
      String runId,
      String agent,
      int round,
      int maskVersion,
      long weight,
      float[] delta,
      float[] importance) {
    return new TestUpdate(runId, agent, keys(agent), round, maskVersion, weight, delta, importance);
  }
}
