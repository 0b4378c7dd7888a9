package io.coppice.console.compare;

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
import io.coppice.console.progress.PlainDisplay;
import io.coppice.console.progress.RunMonitor;
import io.coppice.pruning.Inheritance;
import io.coppice.replay.PublishedMasks;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.TrainingRun;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * Runs of several policies with the same data, seed and agents over one log, and the report of them. Which runs there are is told
 * by the log, so a comparison that was interrupted goes on where it was, and one that is done can be reported on again.
 */
public final class Comparison {

  /** Name of the directory below the comparison's own that keeps the log, where there is no cluster. */
  public static final String LOG = "log";

  private static final Duration POLL = Duration.ofMillis(250);

  /** The policy whose density and mask the others take over. */
  private static final String SOURCE_POLICY = RunSettings.PRUNEFL;

  /** Stands for what a source run will come to, while settings are checked. */
  private static final Inheritance.Source UNKNOWN =
      new Inheritance.Source(0.5, new StartMask("run", 0, ByteBuffer.allocate(0)), 0);

  /**
   * What is compared.
   *
   * @param policies names, in the order of the report
   * @param settings of all runs
   * @param out directory of report, figures and log
   * @param accuracies that the table is about; empty for some that suit the figures
   * @param source a finished run whose density or mask is taken over; empty for that of policy prunefl
   * @param gradientSamples samples of each agent that gradient norms are computed over; empty for no norms
   * @param cluster where the runs take place; empty for a broker in this process
   */
  public record Config(
      List<String> policies,
      RunSettings settings,
      Path out,
      List<Double> accuracies,
      Optional<String> source,
      OptionalInt gradientSamples,
      Optional<ComparisonCluster> cluster) {}

  private final Config config;

  /** Also on a cluster the agents are in this process, and their keys here. */
  private final AgentKeys keys;

  private final PrintWriter out;
  private final Consumer<Path> openLogFile;

  /** Of finished runs, by policy. */
  private final Map<String, RunFigures> figures = new LinkedHashMap<>();

  private Federation federation;
  private RunData data;

  /**
   * @param openLogFile called with the file that takes log lines, once the directory is known to be usable
   */
  public Comparison(Config config, PrintWriter out, Consumer<Path> openLogFile) {
    this.config = config;
    this.keys = AgentKeys.below(config.out);
    this.out = out;
    this.openLogFile = openLogFile;
  }

  /**
   * Runs what is not finished, and writes the report.
   *
   * @throws UserError if an option, the data or the directory is not usable, or something failed on the way
   */
  public void run() throws InterruptedException {
    checkOptions();
    data = RunData.of(config.settings);
    List<RunPlan> plans = new ArrayList<>();
    for (String policy : config.policies) {
      plans.add(checked(RunPlan.of(config.settings.withPolicy(policy), data)));
    }
    plans.forEach(plan -> plan.checkTrusted(keys));
    Federation.prepareDirectory("--out", config.out, openLogFile);
    SettingsFile.checkSame("--out", config.out, config.settings);
    plans.replaceAll(plan -> plan.trusting(keys));
    try (ShutdownGuard guard = new ShutdownGuard(this::sayGoodbye)) {
      out.printf("Comparing %s%n", String.join(", ", config.policies));
      out.flush();
      try (Federation started = start(plans.getFirst())) {
        federation = started;
        checkSource(plans);
        federation.prepare(plans.getFirst());
        SettingsFile.write(config.out, config.settings);
        runAll(plans.stream().filter(plan -> !plan.needsSource()).toList());
        runAll(plans.stream().filter(RunPlan::needsSource).toList());
        report(out);
      }
    }
    out.printf("%nThe report is %s%n", config.out.resolve(ComparisonReport.PAGE));
    out.flush();
  }

  private void checkOptions() {
    if (config.policies.isEmpty() || config.policies.stream().anyMatch(String::isBlank)) {
      throw UserError.badInput("--policies names the policies, separated by commas.");
    }
    if (new HashSet<>(config.policies).size() < config.policies.size()) {
      throw UserError.badInput(
          "--policies names each policy once, not " + String.join(",", config.policies) + ".");
    }
    for (double accuracy : config.accuracies) {
      if (!(accuracy > 0 && accuracy <= 1)) {
        throw UserError.badInput("--accuracies are above 0 and at most 1, not " + accuracy + ".");
      }
    }
    if (config.gradientSamples.isPresent() && config.gradientSamples.getAsInt() < 1) {
      throw UserError.badInput(
          "--gradient-samples is at least 1, not " + config.gradientSamples.getAsInt() + ".");
    }
    if (config.settings.cost().startsWith("measured")) {
      throw UserError.badInput(
          "--cost: All policies are compared by the same cost model, so it cannot be measured in each run:"
              + " use paper or file:PATH.");
    }
  }

  /** Finds out now whether a plan is sound, also one that will be completed from a source only later. */
  private RunPlan checked(RunPlan plan) {
    if (!plan.needsSource()) {
      plan.complete();
      return plan;
    }
    if (config.source.isEmpty() && !config.policies.contains(SOURCE_POLICY)) {
      boolean density = plan.policy().inherits() == Inheritance.DENSITY;
      throw UserError.badInput(
          String.format(
              "--policies: %s takes over the %s of a finished run: add %s%s, or name a run of this log"
                  + " with --source.",
              plan.settings().pruning(),
              density ? "density" : "mask",
              SOURCE_POLICY,
              density ? ", give --density" : ""));
    }
    plan.inheriting(UNKNOWN).complete();
    return plan;
  }

  private Federation start(RunPlan any) throws InterruptedException {
    if (config.cluster.isPresent()) {
      ComparisonCluster cluster = config.cluster.get();
      return Federation.on(
          cluster.config(), cluster.ensureTopics(), config.out, any.kernels(), data.test());
    }
    return Federation.embedded(config.out.resolve(LOG), 0, any.kernels(), data.test());
  }

  /** Finds out before the first run whether the last ones can take over what they are to. */
  private void checkSource(List<RunPlan> plans) {
    if (config.source.isEmpty()) {
      return;
    }
    Optional<RunDefinition> run =
        Runs.find(federation.cluster(), federation.serdes(), config.source);
    if (run.isEmpty()) {
      throw UserError.badInput("--source: There is no run " + config.source.get() + " in the log.");
    }
    try (RunMonitor monitor = monitor(run.get())) {
      if (!monitor.isComplete()) {
        throw UserError.badInput("--source: Run " + config.source.get() + " is not finished.");
      }
    }
    if (!run.get()
        .run()
        .getArchitecture()
        .equals(plans.getFirst().definition().getArchitecture())) {
      throw UserError.badInput(
          "--source: Run " + config.source.get() + " has trained another network than this one.");
    }
    Inheritance.Source source = source();
    plans.stream().filter(RunPlan::needsSource).forEach(plan -> plan.inheriting(source).complete());
  }

  /** One after another where everything is here, side by side on a cluster. */
  private void runAll(List<RunPlan> plans) throws InterruptedException {
    if (config.cluster.isPresent()) {
      sideBySide(plans);
    } else {
      for (RunPlan plan : plans) {
        sideBySide(List.of(plan));
      }
    }
  }

  /** A run that is under way. */
  private record Running(
      RunPlan plan, RunMonitor monitor, RunAgents agents, PlainDisplay display) {}

  private void sideBySide(List<RunPlan> plans) throws InterruptedException {
    List<Running> running = new ArrayList<>();
    try {
      for (RunPlan plan : plans) {
        RunPlan complete = plan.needsSource() ? plan.inheriting(source()) : plan;
        RunDefinition run = find(complete.complete());
        RunMonitor monitor = monitor(run);
        running.add(
            new Running(
                plan,
                monitor,
                monitor.isComplete() ? RunAgents.none() : federation.startAgents(run, data, keys),
                new PlainDisplay(out, plan.settings().pruning() + ": ")));
      }
      if (running.size() == 1) {
        Running only = running.getFirst();
        out.printf(
            "%n%s (%d of %d), run %s%s%n",
            only.plan.settings().pruning(),
            figures.size() + 1,
            config.policies.size(),
            only.monitor.run().id(),
            only.monitor.isComplete() ? ", finished before" : "");
        out.flush();
        RunWatch.toTheEnd(only.monitor, federation, only.agents, out);
      } else {
        watch(running);
      }
      for (Running run : running) {
        run.agents.join();
        take(run);
      }
      report(new PrintWriter(PrintWriter.nullWriter()));
    } finally {
      running.forEach(
          run -> {
            run.agents.close();
            run.monitor.close();
          });
    }
  }

  private void watch(List<Running> running) throws InterruptedException {
    while (!running.stream().allMatch(run -> run.monitor.isComplete())) {
      for (Running run : running) {
        run.monitor.poll(POLL);
        run.display.show(run.monitor);
        RunWatch.check(run.monitor, federation, run.agents);
      }
    }
  }

  /** The plan's run: that of an earlier attempt, or a new one. */
  private RunDefinition find(RunPlan plan) throws InterruptedException {
    String id = runId(plan.settings().pruning());
    Optional<RunDefinition> found =
        Runs.find(federation.cluster(), federation.serdes(), Optional.of(id));
    if (found.isEmpty()) {
      return Runs.define(federation.cluster(), federation.serdes(), plan.toRun(id));
    }
    TrainingRun existing = found.get().run();
    plan.differenceTo(existing)
        .ifPresent(
            other -> {
              throw UserError.badInput(
                  String.format(
                      "The log holds run %s with %s: give the same options as then, or another --out.",
                      id, other));
            });
    return found.get();
  }

  /** Runs are named after the directory, so that several comparisons may share a cluster. */
  private String runId(String policy) {
    Path directory = config.out.toAbsolutePath().normalize().getFileName();
    String name =
        (directory == null ? "comparison" : directory.toString())
            .toLowerCase(Locale.ROOT)
            .replaceAll("[^a-z0-9]+", "-");
    return (name.length() > 40 ? name.substring(0, 40) : name) + "-" + policy;
  }

  /** What the finished run has come to that others take over from. */
  private Inheritance.Source source() {
    String id = config.source.orElse(runId(SOURCE_POLICY));
    RunDefinition run =
        Runs.find(federation.cluster(), federation.serdes(), Optional.of(id)).orElseThrow();
    MaskPublished mask =
        PublishedMasks.of(federation.cluster(), federation.serdes(), run).lastEntry().getValue();
    Long initialSeed = run.run().getInitialSeed();
    return new Inheritance.Source(
        mask.getDensity(),
        new StartMask(id, mask.getVersion(), mask.getDigest()),
        initialSeed == null ? run.run().getSeed() : initialSeed);
  }

  /** Knows what the log holds of a run now. */
  private RunMonitor monitor(RunDefinition run) {
    RunMonitor monitor = new RunMonitor(federation.cluster(), federation.serdes(), run);
    while (!monitor.hasReadHistory()) {
      monitor.poll(POLL);
    }
    return monitor;
  }

  private void take(Running run) throws InterruptedException {
    String policy = run.plan.settings().pruning();
    RunFigures found = RunFigures.of(policy, run.monitor);
    if (config.gradientSamples.isPresent()) {
      found =
          found.withGradientNorms(
              GradientNorms.of(
                  federation, run.monitor.run(), data, config.gradientSamples.getAsInt(), out));
    }
    figures.put(policy, found);
  }

  private void report(PrintWriter table) {
    List<RunFigures> inOrder =
        config.policies.stream().filter(figures::containsKey).map(figures::get).toList();
    ComparisonReport.write(config.out, inOrder, config.accuracies, settings(), table);
  }

  /** What the runs have in common, for the report. */
  private Map<String, String> settings() {
    RunSettings s = config.settings;
    Map<String, String> table = new LinkedHashMap<>();
    table.put("network", s.model());
    table.put(
        "data",
        String.format(
            Locale.ROOT,
            "%s: %,d training images shared as %s, %,d test images",
            Path.of(s.data()).getFileName(),
            data.train().size(),
            s.partition(),
            data.test().size()));
    table.put(
        "agents",
        s.participants() == null
            ? String.valueOf(s.agents())
            : s.agents() + ", of whom " + s.participants() + " are asked in a round");
    table.put("rounds", String.valueOf(s.rounds()));
    table.put(
        "local training",
        String.format(
            Locale.ROOT,
            "%d steps of %d samples, learning rate %s, loss %s",
            s.localSteps(),
            s.batch(),
            s.learningRate(),
            s.loss()));
    table.put(
        "mask decisions",
        "every " + s.reconfigureEvery() + " rounds where the policy has no rule of its own");
    table.put("initial pruning", s.initialPruning() ? "with prunefl" : "none");
    table.put("cost model", s.cost());
    table.put("seed", String.valueOf(s.seed()));
    table.put(
        "where",
        config.cluster.isPresent()
            ? "side by side on a cluster, agents in one process: measured times contain each other's load"
            : "one after another in one process, with "
                + Runtime.getRuntime().availableProcessors()
                + " processors");
    return table;
  }

  private void sayGoodbye() {
    out.printf("%nStopped. The same command with --out %s goes on where it was.%n", config.out);
    if (Files.exists(config.out.resolve(ComparisonReport.PAGE))) {
      out.printf("The runs that were finished are in its %s.%n", ComparisonReport.PAGE);
    }
    out.flush();
  }
}
