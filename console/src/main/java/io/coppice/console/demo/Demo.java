package io.coppice.console.demo;

import io.coppice.agent.AgentMetrics;
import io.coppice.agent.AgentRunner;
import io.coppice.agent.ComputeGate;
import io.coppice.agent.DeviceLink;
import io.coppice.agent.EdgeAgent;
import io.coppice.aggregator.AggregatorConfig;
import io.coppice.aggregator.AggregatorService;
import io.coppice.console.ReportFile;
import io.coppice.console.UserError;
import io.coppice.console.progress.Figures;
import io.coppice.console.progress.LiveDisplay;
import io.coppice.console.progress.PlainDisplay;
import io.coppice.console.progress.RunDisplay;
import io.coppice.console.progress.RunMonitor;
import io.coppice.embedded.EmbeddedBroker;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.embedded.EmbeddedClusterException;
import io.coppice.pruning.PruningService;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.Signatures;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jline.terminal.TerminalBuilder;

/**
 * A whole federation in one process: broker, registry, aggregator, pruning service and agents, each the code that runs alone
 * elsewhere. All state is the log in one directory, so a demo that was killed goes on where it was.
 */
public final class Demo {

  private static final Duration START_TIMEOUT = Duration.ofSeconds(90);
  private static final Duration COMMIT_INTERVAL = Duration.ofMillis(30);

  /** An agent that has failed so often will not recover by itself. */
  private static final int AGENT_ATTEMPTS = 3;

  private static final Duration DISPLAY_EVERY = Duration.ofMillis(250);
  private static final DateTimeFormatter RUN_ID =
      DateTimeFormatter.ofPattern("'demo-'yyyyMMdd-HHmmss");

  private final DemoSettings settings;
  private final Path directory;
  private final int port;
  private final Optional<Path> report;
  private final PrintWriter out;
  private final Consumer<Path> openLogFile;

  /** What is to be closed, the last started first. */
  private final Deque<AutoCloseable> started = new ArrayDeque<>();

  /**
   * @param directory keeps the log
   * @param port the broker's port on 127.0.0.1; 0 for a free one
   * @param report where the figures are written as JSON
   * @param openLogFile called with the file that takes log lines, once the directory is known to be usable
   */
  public Demo(
      DemoSettings settings,
      Path directory,
      int port,
      Optional<Path> report,
      PrintWriter out,
      Consumer<Path> openLogFile) {
    this.settings = settings;
    this.directory = directory;
    this.port = port;
    this.report = report;
    this.out = out;
    this.openLogFile = openLogFile;
  }

  /**
   * Runs to the end of the training run, or goes on with the one that the directory holds.
   *
   * @throws UserError if an option, the data or the directory is not usable, or something failed on the way
   */
  public void run() throws InterruptedException {
    RunPlan plan = RunPlan.of(settings);
    report.ifPresent(ReportFile::checkWritable);
    checkPort();
    boolean existed = prepareDirectory();
    CountDownLatch closed = new CountDownLatch(1);
    Thread main = Thread.currentThread();
    Thread onSignal = new Thread(() -> interruptAndWait(main, closed), "shutdown");
    Runtime.getRuntime().addShutdownHook(onSignal);
    try {
      train(plan, existed);
    } catch (EmbeddedClusterException e) {
      throw UserError.failed(e.getMessage(), e);
    } finally {
      closeAll();
      closed.countDown();
      removeHook(onSignal);
    }
  }

  private void train(RunPlan plan, boolean existed) throws InterruptedException {
    out.printf(
        "Starting a Kafka broker and a schema registry in %s%s%n",
        directory, existed ? " (which holds a log)" : "");
    out.flush();
    EmbeddedCluster embedded = closeLater(EmbeddedCluster.start(directory, port));
    ClusterConfig cluster = embedded.config();
    LogSerdes serdes = new LogSerdes(cluster.newRegistry());
    Optional<RunDefinition> unfinished = findRun(cluster, serdes, plan);
    AggregatorService aggregator = startAggregator(embedded);
    PruningService pruning =
        closeLater(
            new PruningService(
                cluster,
                Optional.of("demo"),
                serdes,
                Optional.of(plan.test()),
                new SimpleMeterRegistry()));
    pruning.start();
    RunDefinition run =
        unfinished.isPresent()
            ? unfinished.get()
            : Runs.define(cluster, serdes, plan.toRun(newRunId()));
    List<AgentRunner> agents = startAgents(cluster, serdes, run, plan);
    announce(run, plan, cluster, unfinished.isPresent());
    try (RunMonitor monitor = new RunMonitor(cluster, serdes, run)) {
      watch(monitor, aggregator, pruning, agents);
      for (AgentRunner agent : agents) {
        agent.join();
      }
      Summary summary = Summary.of(monitor);
      summary.print(monitor, out);
      report.ifPresent(file -> RunReport.write(file, settings, monitor, summary));
      printCommands(run);
    }
  }

  private void checkPort() {
    if (port < 0 || port > 65_535) {
      throw UserError.badInput("--port is 0 (any free one) to 65535, not " + port + ".");
    }
    try {
      EmbeddedBroker.checkPort(port);
    } catch (EmbeddedClusterException e) {
      throw UserError.failed(e.getMessage(), e);
    }
  }

  /** Returns whether the directory held a log before. */
  private boolean prepareDirectory() {
    if (directory.toString().isBlank()) {
      throw UserError.badInput("--dir names no directory.");
    }
    try {
      boolean existed = Files.isDirectory(directory.resolve("broker"));
      Files.createDirectories(directory);
      Files.delete(Files.createTempFile(directory, "writable", ""));
      openLogFile.accept(directory.resolve("coppice.log"));
      return existed;
    } catch (IOException e) {
      throw UserError.badInput(
          "--dir "
              + directory
              + " cannot be used: no permission to create it or write into it, or it is a file.",
          e);
    }
  }

  /** The unfinished run of the directory, if it is what the settings define. */
  private Optional<RunDefinition> findRun(ClusterConfig cluster, LogSerdes serdes, RunPlan plan) {
    Optional<RunDefinition> newest = Runs.find(cluster, serdes, Optional.empty());
    if (newest.isEmpty()) {
      SettingsFile.write(directory, settings);
      return Optional.empty();
    }
    SettingsFile.checkSame(directory, settings);
    if (!plan.defines(newest.get().run())) {
      throw UserError.badInput(
          String.format(
              "%s holds run %s with other settings: give the same options as then, or another"
                  + " --dir.",
              directory, newest.get().id()));
    }
    return newest;
  }

  private AggregatorService startAggregator(EmbeddedCluster embedded) throws InterruptedException {
    ClusterConfig cluster = embedded.config();
    AggregatorConfig config =
        new AggregatorConfig(
            cluster,
            AggregatorConfig.applicationId(cluster.topicPrefix()),
            directory.resolve("streams"),
            Math.min(2, Runtime.getRuntime().availableProcessors()),
            COMMIT_INTERVAL,
            AggregatorConfig.DEFAULT_TICK_INTERVAL,
            0,
            Optional.of("demo"));
    AggregatorService aggregator = closeLater(new AggregatorService(config, embedded.sizing()));
    aggregator.start();
    aggregator.awaitRunning(START_TIMEOUT);
    return aggregator;
  }

  private List<AgentRunner> startAgents(
      ClusterConfig cluster, LogSerdes serdes, RunDefinition run, RunPlan plan) {
    ComputeGate gate = closeLater(ComputeGate.forThisMachine(plan.kernels()));
    DeviceLink link = DeviceLink.measured();
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    List<AgentRunner> agents = new ArrayList<>();
    int digits = String.valueOf(plan.agents().size() - 1).length();
    for (int a = 0; a < plan.agents().size(); a++) {
      String id = String.format("agent-%0" + digits + "d", a);
      agents.add(
          new AgentRunner(
              cluster,
              serdes,
              new EdgeAgent.Identity(id, Optional.of(run.id()), Signatures.newKeyPair()),
              plan.agents().get(a),
              gate,
              link,
              new AgentMetrics(meters, id)));
    }
    closeLater(
        () -> {
          agents.forEach(AgentRunner::stop);
          agents.forEach(AgentRunner::close);
        });
    agents.forEach(AgentRunner::start);
    return agents;
  }

  private void announce(RunDefinition run, RunPlan plan, ClusterConfig cluster, boolean resumed) {
    out.printf(
        "%s run %s: %s with %s parameters, %d agents, %s training images (%s), %s test images%n",
        resumed ? "Going on with" : "Starting",
        run.id(),
        run.architecture().network(),
        Figures.count(run.layout().size()),
        settings.agents(),
        Figures.count(plan.train().size()),
        settings.partition(),
        Figures.count(plan.test().size()));
    out.printf(
        "Kafka at %s, schema registry at %s%n%n",
        cluster.bootstrapServers(), cluster.registryUrl());
    out.flush();
  }

  private void watch(
      RunMonitor monitor,
      AggregatorService aggregator,
      PruningService pruning,
      List<AgentRunner> agents)
      throws InterruptedException {
    try (RunDisplay display = newDisplay()) {
      long shown = System.nanoTime() - DISPLAY_EVERY.toNanos();
      while (!monitor.isComplete()) {
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted by the user");
        }
        monitor.poll(DISPLAY_EVERY);
        if (System.nanoTime() - shown >= DISPLAY_EVERY.toNanos() || monitor.isComplete()) {
          display.show(monitor);
          shown = System.nanoTime();
        }
        checkHealth(monitor, aggregator, pruning, agents);
      }
    }
  }

  /** Ends the demo where waiting longer would help nobody. */
  private void checkHealth(
      RunMonitor monitor,
      AggregatorService aggregator,
      PruningService pruning,
      List<AgentRunner> agents) {
    if (aggregator.hasFailed()) {
      throw UserError.failed(
          "The aggregator has stopped; " + directory.resolve("coppice.log") + " says why.", null);
    }
    if (!pruning.faults().isEmpty()) {
      throw UserError.failed(pruning.faults().getFirst(), null);
    }
    for (AgentRunner agent : agents) {
      if (agent.failures() >= AGENT_ATTEMPTS) {
        throw UserError.failed(agent.fault().orElse("An agent fails again and again."), null);
      }
    }
    monitor
        .stuckBecause()
        .ifPresent(
            first -> {
              throw UserError.failed(
                  String.format(
                      "Round %d cannot go on, because every update was rejected as %s: %s%s",
                      first.getRound(),
                      first.getReason(),
                      first.getDetail(),
                      first.getReason() == RejectReason.NON_FINITE
                          ? " A lower --learning-rate may help."
                          : ""),
                  null);
            });
  }

  private RunDisplay newDisplay() {
    if (System.console() == null || !System.console().isTerminal()) {
      return new PlainDisplay(out);
    }
    try {
      return new LiveDisplay(TerminalBuilder.builder().system(true).build());
    } catch (IOException e) {
      return new PlainDisplay(out);
    }
  }

  private void printCommands(RunDefinition run) {
    out.printf(
        "%nThe log is in %s (%s). To read it:%n",
        directory, Figures.bytes(sizeOf(directory.resolve("broker"))));
    out.printf("  ./coppice tail rounds --dir %s%n", directory);
    out.printf("  ./coppice audit verify %s --dir %s%n", run.id(), directory);
    out.printf("  ./coppice serve --dir %s     (a broker for your own tools)%n", directory);
    out.flush();
  }

  private static long sizeOf(Path directory) {
    try (var files = Files.walk(directory)) {
      // Kafka preallocates its indexes sparsely; segments are what counts.
      return files
          .filter(f -> f.toString().endsWith(".log"))
          .mapToLong(f -> f.toFile().length())
          .sum();
    } catch (IOException e) {
      return 0;
    }
  }

  private static String newRunId() {
    return LocalDateTime.now().format(RUN_ID);
  }

  private <C extends AutoCloseable> C closeLater(C component) {
    started.push(component);
    return component;
  }

  private void closeAll() {
    while (!started.isEmpty()) {
      try {
        started.pop().close();
      } catch (Exception e) {
        org.slf4j.LoggerFactory.getLogger(Demo.class).warn("could not be closed cleanly", e);
      }
    }
  }

  private void interruptAndWait(Thread main, CountDownLatch closed) {
    main.interrupt();
    try {
      if (closed.await(30, TimeUnit.SECONDS)) {
        out.printf("%nStopped. The same command with --dir %s goes on where it was.%n", directory);
        out.flush();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      Thread.interrupted(); // already shutting down: the hook is what has interrupted this thread
    }
  }
}
