package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.agent.AgentData;
import io.coppice.agent.AgentKey;
import io.coppice.agent.AgentMetrics;
import io.coppice.agent.AgentRunner;
import io.coppice.agent.AgentRuns;
import io.coppice.agent.ComputeGate;
import io.coppice.agent.DeviceLink;
import io.coppice.agent.EdgeAgent;
import io.coppice.aggregator.AggregatorConfig;
import io.coppice.aggregator.AggregatorService;
import io.coppice.audit.RunVerifier;
import io.coppice.audit.Verification;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelChoice;
import io.coppice.pruning.PruningService;
import io.coppice.replay.KafkaEvidence;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.coppice.schemas.TrainingRun;
import io.micrometer.core.instrument.Counter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.common.GroupState;

/** The whole ring on an embedded broker, whose parts a test may stop and start while a run goes on. */
final class Ring implements AutoCloseable {

  static final int SHARD_PARTITIONS = 4;

  private static final Duration PATIENCE = Duration.ofSeconds(180);
  private static final Duration COMMIT_INTERVAL = Duration.ofMillis(30);
  private static final Duration TICK_INTERVAL = Duration.ofMillis(200);

  private static final Sizing SIZING = new Sizing(SHARD_PARTITIONS, 2, Optional.empty());

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final ComputeGate gate = ComputeGate.forThisMachine(KernelChoice.USUAL);
  private final DeviceLink link = DeviceLink.measured();
  private final PrometheusMeterRegistry meters =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final PrometheusMeterRegistry agentMeters =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Map<String, KeyPair> keys = new HashMap<>();
  private final List<AgentRunner> started = new ArrayList<>();
  private final Map<String, AgentRunner> agents = new HashMap<>();
  private final Map<String, RunLog> logs = new HashMap<>();
  private final Dataset train;
  private final Dataset test;
  private final Path streams;
  private EmbeddedCluster embedded;
  private AggregatorService aggregator;
  private PruningService pruning;

  /**
   * A ring whose log is gone when it is closed.
   *
   * @param streams the aggregator's state directory
   */
  Ring(Dataset train, Dataset test, Path streams) throws InterruptedException {
    this(train, test, streams, EmbeddedCluster.startTemporary(SIZING));
  }

  /**
   * @param streams the aggregator's state directory
   * @param log the log's directory, which is kept
   */
  Ring(Dataset train, Dataset test, Path streams, Path log) throws InterruptedException {
    this(train, test, streams, EmbeddedCluster.start(log, on(0, 0)));
  }

  private Ring(Dataset train, Dataset test, Path streams, EmbeddedCluster embedded)
      throws InterruptedException {
    this.train = train;
    this.test = test;
    this.streams = streams;
    this.embedded = embedded;
    this.cluster = embedded.config();
    this.serdes = new LogSerdes(cluster.newRegistry());
    startAggregator();
    startPruning();
  }

  private static EmbeddedCluster.Options on(int brokerPort, int registryPort) {
    return new EmbeddedCluster.Options(brokerPort, registryPort, SIZING, fault -> {});
  }

  ClusterConfig cluster() {
    return cluster;
  }

  /**
   * Stops broker and registry under everybody's feet, and starts them again where they were.
   *
   * @param log the directory that the ring was started with
   */
  void restartBroker(Path log) {
    embedded.close();
    embedded =
        EmbeddedCluster.start(
            log, on(port(cluster.bootstrapServers()), port(cluster.registryUrl())));
  }

  private static int port(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  LogSerdes serdes() {
    return serdes;
  }

  RunDefinition define(TrainingRun run) throws InterruptedException {
    return Runs.define(cluster(), serdes, run);
  }

  void startAggregator() throws InterruptedException {
    aggregator =
        new AggregatorService(
            new AggregatorConfig(
                cluster(),
                AggregatorConfig.applicationId(cluster().topicPrefix()),
                streams,
                1,
                COMMIT_INTERVAL,
                TICK_INTERVAL,
                0,
                Optional.empty()),
            embedded.sizing(),
            cluster().newRegistry(),
            meters);
    aggregator.start();
    aggregator.awaitRunning(PATIENCE);
  }

  void stopAggregator() {
    aggregator.close();
  }

  /** Waits until the work of aggregating is shared by so many instances. */
  void awaitAggregators(int instances) throws InterruptedException {
    String group = AggregatorConfig.applicationId(cluster.topicPrefix());
    try (Admin admin = Admin.create(cluster.kafka())) {
      await(
          instances + " aggregators have their share",
          () -> {
            try {
              ConsumerGroupDescription found =
                  admin.describeConsumerGroups(List.of(group)).all().get().get(group);
              return found.groupState() == GroupState.STABLE
                  && found.members().size() == instances
                  && found.members().stream()
                      .noneMatch(member -> member.assignment().topicPartitions().isEmpty());
            } catch (InterruptedException | ExecutionException e) {
              throw new AssertionError(e);
            }
          });
    }
  }

  /** As after the loss of the machine's disk. */
  void deleteAggregatorState() throws IOException {
    try (Stream<Path> paths = Files.walk(streams)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  void startPruning() {
    pruning = new PruningService(cluster(), Optional.empty(), serdes, Optional.of(test), meters);
    pruning.start();
  }

  void stopPruning() {
    pruning.close();
  }

  /** Waits until the pruning service has looked at the runs, and has nothing left to do for any of them. */
  void awaitPruningIdle() throws InterruptedException {
    await("the pruning service takes up runs", () -> pruning.activeRuns() > 0);
    await("the pruning service has done with all runs", () -> pruning.activeRuns() == 0);
  }

  /** Starts an agent; one that was there before has the same key, and like every agent its own part of the data. */
  void startAgent(RunDefinition run, String id) {
    agents.put(id, startAgent(run, id, Optional.of(AgentKey.inMemory(keys(id)))));
  }

  /** Starts an agent that may be another one than that of this id; the test ends it, or the ring. */
  AgentRunner startAgent(RunDefinition run, String id, Optional<AgentKey> key) {
    AgentRunner runner =
        new AgentRunner(
            cluster(),
            serdes,
            new EdgeAgent.Identity(id, run.id(), key),
            new AgentData(share(id), Optional.of(test), Optional.empty()),
            gate,
            link,
            new AgentMetrics(agentMeters, id, run.id()));
    started.add(runner);
    runner.start();
    return runner;
  }

  /** An agent of no run, not begun, whose figures are among those of the others. */
  AgentRuns bystander(String id) {
    return new AgentRuns(
        cluster(),
        serdes,
        id,
        Optional.empty(),
        List.of(),
        AgentData.of(train),
        gate,
        link,
        agentMeters);
  }

  /** Stops an agent wherever it is; its round is given up. */
  void stopAgent(String id) {
    agents.remove(id).close();
  }

  /** Times that an agent or work of the pruning service failed and was begun anew. */
  int failures() {
    return pruning.failures() + started.stream().mapToInt(AgentRunner::failures).sum();
  }

  /** The figures of all services, as Prometheus reads them. */
  String scrape() {
    return meters.scrape() + agentMeters.scrape();
  }

  /** Records that an agent has found not to hold, as its metrics tell. */
  double ignoredBy(String agent) {
    return agentMeters.find("coppice.records.ignored").tag("agent", agent).counters().stream()
        .mapToDouble(Counter::count)
        .sum();
  }

  /** Records that the pruning service has found not to hold, as its metrics tell. */
  double ignoredByPruning() {
    return meters.find("coppice.records.ignored").counters().stream()
        .mapToDouble(Counter::count)
        .sum();
  }

  /** Waits until an agent that was started takes part. */
  void awaitTakingPart(String id) throws InterruptedException {
    await(
        "agent " + id + " takes part",
        () ->
            agents.get(id).phase() != EdgeAgent.Phase.WAITING_FOR_RUN
                && agents.get(id).phase() != EdgeAgent.Phase.MEASURING
                && agents.get(id).phase() != EdgeAgent.Phase.CATCHING_UP);
  }

  /** The key pair of an agent. */
  KeyPair keys(String id) {
    return keys.computeIfAbsent(id, k -> Signatures.newKeyPair());
  }

  /** The last character of an agent's id says which tenth of the data it has. */
  private Dataset share(String id) {
    int first = Character.digit(id.charAt(id.length() - 1), 10);
    return train.subset(IntStream.iterate(first, i -> i < train.size(), i -> i + 10).toArray());
  }

  /** Waits until the run is finished and its last mask and checkpoint are there; then its agents have ended, too. */
  RunLog finish(RunDefinition run) throws InterruptedException {
    RunLog log = finishAmidMutants(run);
    verified(run);
    return log;
  }

  /** The same where the log holds what has no place in it, which the auditor would not let pass. */
  RunLog finishAmidMutants(RunDefinition run) throws InterruptedException {
    RunLog log = await(run, "the end of the run", RunLog::isComplete);
    for (AgentRunner agent : agents.values()) {
      agent.join();
    }
    agents.clear();
    log.readOn();
    return log;
  }

  /** What the auditor says of a run. */
  Verification verify(RunDefinition run) throws InterruptedException {
    try (KafkaEvidence evidence = new KafkaEvidence(cluster(), serdes)) {
      return new RunVerifier(evidence, run, RunVerifier.Options.all(), verdict -> {}).verify();
    }
  }

  /** A copy of a run's records that can be tampered with. */
  MemoryEvidence evidence(RunDefinition run) {
    try (KafkaEvidence evidence = new KafkaEvidence(cluster(), serdes)) {
      return new MemoryEvidence(evidence, run);
    }
  }

  /** The same of a run that is finished and holds. */
  Verification verified(RunDefinition run) throws InterruptedException {
    Verification verification = verify(run);
    assertThat(verification.violation()).isEmpty();
    assertThat(verification.pending()).isEmpty();
    assertThat(verification.finished()).isTrue();
    assertThat(verification.lastRound()).isEqualTo(run.lastRound());
    return verification;
  }

  /** Waits until the log of a run has what is looked for. */
  RunLog await(RunDefinition run, String what, Predicate<RunLog> found)
      throws InterruptedException {
    RunLog log = logs.computeIfAbsent(run.id(), id -> new RunLog(cluster(), serdes, run));
    await(
        what,
        () -> {
          log.readOn();
          return found.test(log);
        });
    return log;
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("waited " + PATIENCE.toSeconds() + " s in vain for " + what);
      }
      Thread.sleep(20);
    }
  }

  @Override
  public void close() {
    started.forEach(AgentRunner::stop);
    started.forEach(AgentRunner::close);
    logs.values().forEach(RunLog::close);
    gate.close();
    pruning.close();
    aggregator.close();
    embedded.close();
  }
}
