package io.coppice.benchmarks;

import io.coppice.aggregator.AggregatorConfig;
import io.coppice.aggregator.AggregatorService;
import io.coppice.audit.RunVerifier;
import io.coppice.audit.Verification;
import io.coppice.console.bench.aggregation.SyntheticAgent;
import io.coppice.console.bench.aggregation.SyntheticRun;
import io.coppice.console.bench.aggregation.UpdatePayload;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.learning.nn.Architecture;
import io.coppice.pruning.PruningService;
import io.coppice.replay.KafkaEvidence;
import io.coppice.replay.LogReader;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
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
  private final UpdatePayload payload =
      UpdatePayload.of(architecture.layout().size(), TensorEncoding.FLOAT32, 1);

  private AuditThroughput(Path directory, int agents) {
    this.directory = directory;
    this.agents = agents;
    this.cluster = EmbeddedCluster.start(directory.resolve("log"), 0);
    this.serdes = new LogSerdes(cluster.config().newRegistry());
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
    double megabytes = agents * payload.bytes() / 1e6;
    if (warmingUp) {
      out.printf(
          Locale.ROOT,
          "one round of %d updates of %.1f MB; aggregator and verifier have %d threads each%n",
          agents,
          megabytes / agents,
          THREADS);
    }
    RunDefinition run =
        Runs.define(
            cluster.config(),
            serdes,
            SyntheticRun.of("throughput", architecture, TensorEncoding.FLOAT32, agents, 1));
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

  /** Seconds from the start of an aggregator that finds all updates in the log to the end of the run. */
  private double aggregate(RunDefinition run) throws Exception {
    List<SyntheticAgent> synthetic =
        IntStream.range(0, agents)
            .mapToObj(a -> new SyntheticAgent(serdes, run.id(), a, payload))
            .toList();
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
        synthetic.forEach(agent -> agent.join(writer));
        writer.commit();
        await(run, event -> event instanceof RoundOpened);
      }
    }
    try (TransactionalWriter writer =
        new TransactionalWriter(cluster.config(), "agents-" + run.id(), run.id())) {
      for (SyntheticAgent agent : synthetic) {
        writer.begin();
        agent.submit(writer, 0);
        writer.commit();
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
