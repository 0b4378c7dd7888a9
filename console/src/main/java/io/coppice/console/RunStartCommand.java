package io.coppice.console;

import io.coppice.aggregator.TopicOptions;
import io.coppice.console.LogOption.OpenLog;
import io.coppice.console.definition.DefinitionDifference;
import io.coppice.console.definition.DefinitionText;
import io.coppice.console.definition.RunFile;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.coppice.schemas.TrainingRun;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice run start}. */
@Command(
    name = "start",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    header = "Define a run on a cluster by a file.",
    description = {
      "",
      "Checks the whole file before anything is written: what is wrong is told with its line, and nothing is started. Topics that are"
          + " missing are made. The run begins as soon as its agents have joined.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  coppice run example > run.yaml",
      "  coppice run start --file run.yaml --dry-run",
      "  coppice run start --file run.yaml --bootstrap HOST:PORT --registry URL --watch"
    })
final class RunStartCommand implements Callable<Integer> {

  private static final DateTimeFormatter NEW_ID =
      DateTimeFormatter.ofPattern("'run-'yyyyMMdd-HHmmss");

  @Option(
      names = "--file",
      paramLabel = "FILE",
      required = true,
      description = "The run definition, YAML or JSON; 'coppice run example' prints one.")
  private Path file;

  @Option(
      names = "--run",
      paramLabel = "ID",
      description =
          "The run's id, 1 to 64 of a-z, 0-9 and '-'; goes before that of the file. Default: made from date and time.")
  private String runId;

  @Option(
      names = "--if-absent",
      description =
          "Where there is a run of this id and it is defined in the same way, leave it as it is, and succeed.")
  private boolean ifAbsent;

  @Option(names = "--watch", description = "Watch the run until it is finished.")
  private boolean watch;

  @Option(names = "--dry-run", description = "Check the file only; needs no cluster.")
  private boolean dryRun;

  @ArgGroup(exclusive = false, heading = "%nCluster:%n", order = 10)
  private LogOption.Cluster cluster = new LogOption.Cluster();

  @Mixin private TopicOptions topics;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    RunFile definition = RunFile.read(file);
    Optional<String> named = Optional.ofNullable(runId).or(definition::runId);
    if (runId != null && !LogKeys.isName(runId)) {
      throw UserError.badInput("--run is 1 to 64 of a-z, 0-9 and '-', not '" + runId + "'.");
    }
    if (ifAbsent && named.isEmpty()) {
      throw UserError.badInput(
          "--if-absent needs the id of the run: give --run, or the key 'run' in the file.");
    }
    TrainingRun run = definition.toRun(named.orElseGet(() -> LocalDateTime.now().format(NEW_ID)));
    PrintWriter out = spec.commandLine().getOut();
    if (dryRun) {
      out.printf("%s is a valid run definition.%n", file);
      describe(RunDefinition.of(run, 0), out);
      return 0;
    }
    try (StopSignal stop = new StopSignal();
        OpenLog open = cluster.openOrCreate(sizing())) {
      LogSerdes serdes = new LogSerdes(open.cluster().newRegistry());
      RunDefinition defined = define(open.cluster(), serdes, run, out);
      if (watch) {
        out.println();
        RunWatchCommand.watch(open.cluster(), serdes, defined, stop, cluster.given(), out);
      } else {
        out.printf("%nTo watch it:%n  coppice run watch %s%s%n", defined.id(), cluster.given());
        out.flush();
      }
    }
    return 0;
  }

  private RunDefinition define(
      ClusterConfig log, LogSerdes serdes, TrainingRun run, PrintWriter out)
      throws InterruptedException {
    Optional<RunDefinition> existing = Runs.find(log, serdes, Optional.of(run.getRunId()));
    if (existing.isPresent()) {
      accept(existing.get(), run);
      out.printf("Run %s is there already, defined in the same way.%n", run.getRunId());
      out.flush();
      return existing.get();
    }
    RunDefinition defined = Runs.define(log, serdes, run);
    out.printf("Run %s is defined.%n", defined.id());
    describe(defined, out);
    out.printf(
        "%nIt begins as soon as %d agents have joined.%n",
        run.getParticipation().getExpectedAgents());
    out.flush();
    return defined;
  }

  /** Whether a run that is there will do. */
  private void accept(RunDefinition existing, TrainingRun run) {
    if (!ifAbsent) {
      throw UserError.badInput(
          String.format(
              "Run %s exists already: give another id with --run, or --if-absent to leave it as it is.",
              existing.id()));
    }
    DefinitionDifference.between(existing.run(), run)
        .ifPresent(
            key -> {
              throw UserError.badInput(
                  String.format(
                      "Run %s exists already, and is defined otherwise: it has another '%s' than %s.",
                      existing.id(), key, file));
            });
  }

  private static void describe(RunDefinition run, PrintWriter out) {
    DefinitionText.lines(run).forEach((label, text) -> out.printf("  %-12s%s%n", label, text));
    out.flush();
  }

  private Sizing sizing() {
    try {
      return topics.sizing();
    } catch (IllegalArgumentException e) {
      throw UserError.badInput(e.getMessage(), e);
    }
  }
}
