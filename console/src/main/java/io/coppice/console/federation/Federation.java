package io.coppice.console.federation;

import io.coppice.agent.AgentMetrics;
import io.coppice.agent.AgentRunner;
import io.coppice.agent.ComputeGate;
import io.coppice.agent.DeviceLink;
import io.coppice.agent.EdgeAgent;
import io.coppice.aggregator.AggregatorConfig;
import io.coppice.aggregator.AggregatorService;
import io.coppice.console.UserError;
import io.coppice.embedded.EmbeddedBroker;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.embedded.EmbeddedClusterException;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelChoice;
import io.coppice.pruning.PruningService;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.LoggerFactory;

/**
 * The ring in this process: aggregator, pruning service and agents, each the code that runs alone elsewhere, on a broker of its
 * own or on a cluster.
 */
public final class Federation implements AutoCloseable {

  private static final Duration START_TIMEOUT = Duration.ofSeconds(90);
  private static final Duration COMMIT_INTERVAL = Duration.ofMillis(30);
  private static final String LOG_FILE = "coppice.log";

  private final Path directory;
  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final ComputeGate gate;

  /** What is to be closed, the last started first. */
  private final Deque<AutoCloseable> started = new ArrayDeque<>();

  private AggregatorService aggregator;
  private PruningService pruning;

  private Federation(Path directory, ClusterConfig cluster, KernelChoice kernels) {
    this.directory = directory;
    this.cluster = cluster;
    this.serdes = new LogSerdes(cluster.newRegistry());
    this.gate = closeLater(ComputeGate.forThisMachine(kernels));
  }

  /**
   * Starts everything on a broker and a registry of its own.
   *
   * @param directory keeps the log
   * @param port the broker's port on 127.0.0.1; 0 for a free one
   * @param kernels how agents decide which layers they compute by their active weights
   * @param test held-out data
   * @throws UserError if something cannot be started
   */
  public static Federation embedded(Path directory, int port, KernelChoice kernels, Dataset test)
      throws InterruptedException {
    try {
      EmbeddedCluster embedded = EmbeddedCluster.start(directory, port);
      Federation federation = new Federation(directory, embedded.config(), kernels);
      federation.started.addLast(embedded);
      return federation.start(embedded.sizing(), test, Optional.of("demo"));
    } catch (EmbeddedClusterException e) {
      throw UserError.failed(e.getMessage(), e);
    }
  }

  /**
   * Starts everything but the broker and the registry.
   *
   * @param directory keeps state that can be lost
   * @param sizing of the cluster's topics
   * @param kernels how agents decide which layers they compute by their active weights
   * @param test held-out data
   */
  public static Federation on(
      ClusterConfig cluster, Sizing sizing, Path directory, KernelChoice kernels, Dataset test)
      throws InterruptedException {
    return new Federation(directory, cluster, kernels).start(sizing, test, Optional.empty());
  }

  /**
   * @param member keeps its work over a restart: where there is nobody else who could take it
   */
  private Federation start(Sizing sizing, Dataset test, Optional<String> member)
      throws InterruptedException {
    try {
      AggregatorConfig config =
          new AggregatorConfig(
              cluster,
              AggregatorConfig.applicationId(cluster.topicPrefix()),
              directory.resolve("streams"),
              Math.min(2, Runtime.getRuntime().availableProcessors()),
              COMMIT_INTERVAL,
              AggregatorConfig.DEFAULT_TICK_INTERVAL,
              0,
              member);
      aggregator = closeLater(new AggregatorService(config, sizing));
      aggregator.start();
      aggregator.awaitRunning(START_TIMEOUT);
      pruning =
          closeLater(
              new PruningService(
                  cluster, member, serdes, Optional.of(test), new SimpleMeterRegistry()));
      pruning.start();
      return this;
    } catch (InterruptedException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Fails early where the broker could not listen.
   *
   * @throws UserError if the port is none, or in use
   */
  public static void checkPort(int port) {
    if (port < 0 || port > 65_535) {
      throw UserError.badInput("--port is 0 (any free one) to 65535, not " + port + ".");
    }
    try {
      EmbeddedBroker.checkPort(port);
    } catch (EmbeddedClusterException e) {
      throw UserError.failed(e.getMessage(), e);
    }
  }

  /**
   * Makes sure that a directory can be written into, and has the log lines go there.
   *
   * @param option that names it
   * @param openLogFile called with the file that takes log lines
   * @throws UserError if it cannot
   */
  public static void prepareDirectory(String option, Path directory, Consumer<Path> openLogFile) {
    if (directory.toString().isBlank()) {
      throw UserError.badInput(option + " names no directory.");
    }
    try {
      Files.createDirectories(directory);
      Files.delete(Files.createTempFile(directory, "writable", ""));
      openLogFile.accept(directory.resolve(LOG_FILE));
    } catch (IOException e) {
      throw UserError.badInput(
          option
              + " "
              + directory
              + " cannot be used: no permission to create it or write into it, or it is a file.",
          e);
    }
  }

  /** Where the log is. */
  public ClusterConfig cluster() {
    return cluster;
  }

  public LogSerdes serdes() {
    return serdes;
  }

  /** Has the machine measured for a run's network, so that no run is charged with it. */
  public void prepare(RunPlan plan) throws InterruptedException {
    gate.prepare(plan.architecture(), plan.settings().batch());
  }

  /** Starts the agents of a run, one a share of the data; they go on until it is finished or they are closed. */
  public RunAgents startAgents(RunDefinition run, RunData data, AgentKeys keys) {
    DeviceLink link = DeviceLink.measured();
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    List<AgentRunner> agents = new ArrayList<>();
    for (int a = 0; a < data.agents().size(); a++) {
      String id = data.agentIds().get(a);
      agents.add(
          new AgentRunner(
              cluster,
              serdes,
              new EdgeAgent.Identity(id, run.id(), Optional.of(keys.of(id))),
              data.agents().get(a),
              gate,
              link,
              new AgentMetrics(meters, id, run.id())));
    }
    RunAgents group = closeLater(new RunAgents(agents, started::remove));
    agents.forEach(AgentRunner::start);
    return group;
  }

  /**
   * Ends it where waiting longer would help nobody.
   *
   * @throws UserError saying what has failed
   */
  public void checkHealth() {
    if (aggregator.hasFailed()) {
      throw UserError.failed(
          "The aggregator has stopped; " + directory.resolve(LOG_FILE) + " says why.", null);
    }
    if (!pruning.faults().isEmpty()) {
      throw UserError.failed(pruning.faults().getFirst(), null);
    }
  }

  private <C extends AutoCloseable> C closeLater(C component) {
    started.push(component);
    return component;
  }

  /** Stops everything, at points where nothing is half-written. */
  @Override
  public void close() {
    while (!started.isEmpty()) {
      try {
        started.pop().close();
      } catch (Exception e) {
        LoggerFactory.getLogger(Federation.class).warn("could not be closed cleanly", e);
      }
    }
  }
}
