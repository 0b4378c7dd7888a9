package io.coppice.benchmarks;

import io.coppice.aggregator.AggregatorConfig;
import io.coppice.aggregator.AggregatorService;
import io.coppice.audit.RunVerifier;
import io.coppice.audit.Verification;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Shards;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.pruning.CostModels;
import io.coppice.pruning.PruningService;
import io.coppice.replay.KafkaEvidence;
import io.coppice.replay.LogReader;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Loss;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * How fast a run is verified, beside how fast the aggregator has summed it: one round of dense updates of conv2, 26 MB each, by as
 * many agents as the argument says (50). The updates are written while there is no aggregator; then one is started, with as many
 * threads as the verifier has, and timed from its first state RUNNING to the end of the run. Both read the same records from the
 * same broker in the same process.
 */
public final class AuditThroughput {

  private static final int THREADS = RunVerifier.Options.DEFAULT_THREADS;
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  /** Logs that are aggregated and verified, each with a broker of its own; the first warms up. */
  private static final int REPEATS = 5;

  private final Path directory;
  private final int agents;
  private final EmbeddedCluster cluster;
  private final LogSerdes serdes;
  private final Architecture architecture = Architecture.of("conv2", 1, 28, 28, 62);
  private final List<ByteBuffer> blocks = new ArrayList<>();

  private AuditThroughput(Path directory, int agents) {
    this.directory = directory;
    this.agents = agents;
    this.cluster = EmbeddedCluster.start(directory.resolve("log"), 0);
    this.serdes = new LogSerdes(cluster.config().newRegistry());
    float[] values = RandomValues.normal(architecture.layout().size(), 1);
    Shards shards = Shards.DEFAULT;
    for (int s = 0; s < shards.count(values.length); s++) {
      blocks.add(Encoding.FLOAT32.encode(values, shards.from(s), shards.length(values.length, s)));
    }
  }

  /** Takes the number of agents, 50 if there is none. */
  public static void main(String... args) throws Exception {
    int agents = args.length == 0 ? 50 : Integer.parseInt(args[0]);
    for (int i = 0; i < REPEATS; i++) {
      Path directory = Files.createTempDirectory("audit-throughput");
      AuditThroughput benchmark = new AuditThroughput(directory, agents);
      try {
        benchmark.measure(System.out, i == 0);
      } finally {
        benchmark.cluster.close();
        delete(directory);
      }
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private void measure(PrintStream out, boolean warmingUp) throws Exception {
    double megabytes = (double) agents * architecture.layout().size() * Float.BYTES / 1e6;
    if (warmingUp) {
      out.printf(
          Locale.ROOT,
          "one round of %d updates of %.1f MB; aggregator and verifier have %d threads each%n",
          agents,
          megabytes / agents,
          THREADS);
    }
    RunDefinition run = define("throughput");
    double summing = aggregate(run);
    double verifying = verify(run);
    out.printf(
        Locale.ROOT,
        "aggregator %4.0f MB/s   verifier %4.0f MB/s   ratio %.2f   heap after verifying %.0f MB%s%n",
        megabytes / summing,
        megabytes / verifying,
        summing / verifying,
        heapMegabytes(),
        warmingUp ? "   (warming up)" : "");
  }

  private RunDefinition define(String id) throws InterruptedException {
    var cost = CostModels.named("paper", architecture.layout(), architecture.outputPositions(), 1);
    return Runs.define(
        cluster.config(),
        serdes,
        TrainingRun.newBuilder()
            .setRunId(id)
            .setCreatedAt(Instant.now())
            .setSeed(1)
            .setArchitecture(new io.coppice.schemas.Architecture("conv2", List.of(1, 28, 28), 62))
            .setLoss(Loss.SOFTMAX_CROSS_ENTROPY)
            .setTraining(new LocalTraining(1, 20, 0.1, 1.0))
            .setRounds(1)
            .setParticipation(
                new Participation(agents, agents, Duration.ofHours(1).toMillis(), null))
            .setPruning(
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
                    null))
            .setEvaluation(new Evaluation(1, EvaluationMode.FEDERATED))
            .setCost(
                new CostCoefficients(
                    cost.name(),
                    cost.fixedSeconds(),
                    cost.communicationSecondsPerWeight(),
                    Arrays.stream(cost.computationSecondsPerWeight()).boxed().toList(),
                    null))
            .setEncoding(
                new Encodings(
                    TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32))
            .build());
  }

  /** Seconds from the start of an aggregator that finds all updates in the log to the end of the run. */
  private double aggregate(RunDefinition run) throws Exception {
    List<KeyPair> keys = Stream.generate(Signatures::newKeyPair).limit(agents).toList();
    try (AggregatorService opening = newAggregator()) {
      opening.start();
      opening.awaitRunning(PATIENCE);
      try (PruningService pruning =
              new PruningService(
                  cluster.config(),
                  Optional.empty(),
                  serdes,
                  Optional.empty(),
                  new SimpleMeterRegistry());
          TransactionalWriter writer =
              new TransactionalWriter(cluster.config(), "agents-" + run.id(), run.id())) {
        pruning.start();
        writer.begin();
        for (int a = 0; a < agents; a++) {
          join(writer, run, a, keys.get(a));
        }
        writer.commit();
        await(run, event -> event instanceof RoundOpened);
      }
    }
    try (TransactionalWriter writer =
        new TransactionalWriter(cluster.config(), "agents-" + run.id(), run.id())) {
      for (int a = 0; a < agents; a++) {
        submit(writer, run, a, keys.get(a));
      }
    }
    try (AggregatorService aggregator = newAggregator()) {
      aggregator.start();
      aggregator.awaitRunning(PATIENCE);
      long start = System.nanoTime();
      await(run, event -> event instanceof RunFinished);
      return (System.nanoTime() - start) / 1e9;
    }
  }

  private AggregatorService newAggregator() throws InterruptedException {
    Sizing sizing = cluster.sizing();
    return new AggregatorService(
        new AggregatorConfig(
            cluster.config(),
            AggregatorConfig.applicationId(cluster.config().topicPrefix()),
            directory.resolve("streams"),
            THREADS,
            Duration.ofMillis(100),
            AggregatorConfig.DEFAULT_TICK_INTERVAL,
            0,
            Optional.of("benchmark")),
        sizing);
  }

  private void join(TransactionalWriter writer, RunDefinition run, int agent, KeyPair keys) {
    AgentJoined joined =
        AgentJoined.newBuilder()
            .setRunId(run.id())
            .setAgentId(id(agent))
            .setJoinedAt(Instant.now())
            .setSampleCount(1)
            .setMaxWeight(20)
            .setPublicKey(Signatures.encode(keys.getPublic()))
            .build();
    writer.sendByRun(Topic.AGENTS, serdes.agents, LogKeys.agent(run.id(), id(agent)), joined);
  }

  private void submit(TransactionalWriter writer, RunDefinition run, int agent, KeyPair keys) {
    List<ShardDigest> digests = new ArrayList<>();
    for (int s = 0; s < blocks.size(); s++) {
      digests.add(
          new ShardDigest(
              ShardKind.DELTA,
              s,
              blocks.get(s).remaining() / Float.BYTES,
              ContentDigest.ofBytes(blocks.get(s))));
    }
    UpdateSubmitted submission =
        UpdateSubmitted.newBuilder()
            .setRunId(run.id())
            .setRound(0)
            .setAgentId(id(agent))
            .setMaskVersion(0)
            .setWeight(1 + agent % 20)
            .setTrainLoss(1)
            .setTrainSeconds(1)
            .setPayloadBytes((long) architecture.layout().size() * Float.BYTES)
            .setShards(digests)
            .setSignature(ByteBuffer.allocate(0))
            .build();
    submission.setSignature(Signatures.sign(submission, keys.getPrivate()));
    ByteBuffer digest = ContentDigest.of(submission);
    writer.begin();
    for (int s = 0; s < blocks.size(); s++) {
      UpdateShard shard =
          UpdateShard.newBuilder()
              .setRunId(run.id())
              .setRound(0)
              .setAgentId(id(agent))
              .setSubmission(digest)
              .setMaskVersion(0)
              .setKind(ShardKind.DELTA)
              .setShard(s)
              .setDeltaShards(blocks.size())
              .setImportanceShards(0)
              .setWeight(submission.getWeight())
              .setEncoding(TensorEncoding.FLOAT32)
              .setValueCount(digests.get(s).getValueCount())
              .setValues(blocks.get(s))
              .build();
      writer.sendByShard(
          Topic.UPDATES, serdes.updates, LogKeys.shard(run.id(), ShardKind.DELTA, s), s, shard);
    }
    writer.sendByRun(Topic.SUBMISSIONS, serdes.submissions, run.id(), submission);
    writer.commit();
  }

  private static String id(int agent) {
    return String.format(Locale.ROOT, "agent-%04d", agent);
  }

  private void await(RunDefinition run, Predicate<Object> wanted) {
    try (LogReader reader = new LogReader(cluster.config())) {
      int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.ROUNDS));
      reader.followFromStart(Topic.ROUNDS, partition);
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (System.nanoTime() < end) {
        for (LogReader.Entry entry : reader.poll(Duration.ofMillis(50))) {
          LedgerEntry event = serdes.rounds.deserialize("", entry.value());
          if (event.getRunId().equals(run.id()) && wanted.test(event.getEvent())) {
            return;
          }
        }
      }
      throw new IllegalStateException("The aggregator has not come so far.");
    }
  }

  private double verify(RunDefinition run) throws InterruptedException {
    long start = System.nanoTime();
    try (KafkaEvidence evidence = new KafkaEvidence(cluster.config(), serdes)) {
      Verification verification =
          new RunVerifier(evidence, run, RunVerifier.Options.all(), verdict -> {}).verify();
      if (!verification.finished()) {
        throw new IllegalStateException(
            "The run does not hold: "
                + verification.violation().map(Throwable::getMessage).orElse("not finished"));
      }
    }
    return (System.nanoTime() - start) / 1e9;
  }

  private static double heapMegabytes() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1e6;
  }
}
