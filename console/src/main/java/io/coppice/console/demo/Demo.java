package io.coppice.console.demo;

import io.coppice.console.ReportFile;
import io.coppice.console.UserError;
import io.coppice.console.federation.AgentKeys;
import io.coppice.console.federation.Federation;
import io.coppice.console.federation.RunAgents;
import io.coppice.console.federation.RunData;
import io.coppice.console.federation.RunPlan;
import io.coppice.console.federation.RunSettings;
import io.coppice.console.federation.RunWatch;
import io.coppice.console.federation.SettingsFile;
import io.coppice.console.federation.ShutdownGuard;
import io.coppice.console.progress.Figures;
import io.coppice.console.progress.RunMonitor;
import io.coppice.pruning.Inheritance;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A whole federation in one process: broker, registry, aggregator, pruning service and agents, each the code that runs alone
 * elsewhere. All state is the log in one directory, so a demo that was killed goes on where it was.
 */
public final class Demo {

  private static final DateTimeFormatter RUN_ID =
      DateTimeFormatter.ofPattern("'demo-'yyyyMMdd-HHmmss");

  private final RunSettings settings;
  private final Path directory;
  private final int port;
  private final Optional<Path> report;
  private final PrintWriter out;
  private final Consumer<Path> openLogFile;

  /**
   * @param directory keeps the log
   * @param port the broker's port on 127.0.0.1; 0 for a free one
   * @param report where the figures are written as JSON
   * @param openLogFile called with the file that takes log lines, once the directory is known to be usable
   */
  public Demo(
      RunSettings settings,
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
    RunPlan plan = complete(RunPlan.of(settings, RunData.of(settings)));
    report.ifPresent(ReportFile::checkWritable);
    Federation.checkPort(port);
    AgentKeys keys = AgentKeys.below(directory);
    plan.checkTrusted(keys);
    boolean existed = Files.isDirectory(directory.resolve("broker"));
    Federation.prepareDirectory("--dir", directory, openLogFile);
    try (ShutdownGuard guard = new ShutdownGuard(this::sayGoodbye)) {
      train(plan.trusting(keys), keys, existed);
    }
  }

  /** A demo is one run, and takes over nothing from another one. */
  private RunPlan complete(RunPlan plan) {
    if (plan.needsSource()) {
      throw UserError.badInput(
          String.format(
              "--pruning %s takes over the %s of a finished run: %s'coppice compare' runs one for it.",
              settings.pruning(),
              plan.policy().inherits() == Inheritance.DENSITY ? "density" : "mask",
              plan.policy().inherits() == Inheritance.DENSITY ? "give --density, or " : ""));
    }
    return plan.complete();
  }

  private void train(RunPlan plan, AgentKeys keys, boolean existed) throws InterruptedException {
    out.printf(
        "Starting a Kafka broker and a schema registry in %s%s%n",
        directory, existed ? " (which holds a log)" : "");
    out.flush();
    try (Federation federation =
        Federation.embedded(directory, port, plan.kernels(), plan.data().test())) {
      ClusterConfig cluster = federation.cluster();
      LogSerdes serdes = federation.serdes();
      Optional<RunDefinition> unfinished = findRun(cluster, serdes, plan);
      RunDefinition run =
          unfinished.isPresent()
              ? unfinished.get()
              : Runs.define(cluster, serdes, plan.toRun(newRunId()));
      RunAgents agents = federation.startAgents(run, plan.data(), keys);
      announce(run, plan, cluster, unfinished.isPresent());
      try (RunMonitor monitor = new RunMonitor(cluster, serdes, run)) {
        RunWatch.toTheEnd(monitor, federation, agents, out);
        agents.join();
        Summary summary = Summary.of(monitor);
        summary.print(monitor, out);
        report.ifPresent(file -> RunReport.write(file, settings, monitor, summary));
        printCommands(run);
      }
    }
  }

  /** The unfinished run of the directory, if it is what the settings define. */
  private Optional<RunDefinition> findRun(ClusterConfig cluster, LogSerdes serdes, RunPlan plan) {
    Optional<RunDefinition> newest = Runs.find(cluster, serdes, Optional.empty());
    if (newest.isEmpty()) {
      SettingsFile.write(directory, settings);
      return Optional.empty();
    }
    SettingsFile.checkSame("--dir", directory, settings);
    RunDefinition run = newest.get();
    plan.differenceTo(run.run())
        .ifPresent(
            other -> {
              throw UserError.badInput(
                  String.format(
                      "%s holds run %s with %s: give the same options as then, or another --dir.",
                      directory, run.id(), other));
            });
    return newest;
  }

  private void announce(RunDefinition run, RunPlan plan, ClusterConfig cluster, boolean resumed) {
    out.printf(
        "%s run %s: %s with %s parameters, %d agents, %s training images (%s), %s test images%n",
        resumed ? "Going on with" : "Starting",
        run.id(),
        run.architecture().network(),
        Figures.count(run.layout().size()),
        settings.agents(),
        Figures.count(plan.data().train().size()),
        settings.partition(),
        Figures.count(plan.data().test().size()));
    out.printf(
        "Kafka at %s, schema registry at %s%n%n",
        cluster.bootstrapServers(), cluster.registryUrl());
    out.flush();
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

  private void sayGoodbye() {
    out.printf("%nStopped. The same command with --dir %s goes on where it was.%n", directory);
    out.flush();
  }
}
