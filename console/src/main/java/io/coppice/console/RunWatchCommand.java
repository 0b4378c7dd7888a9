package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import io.coppice.console.federation.RunWatch;
import io.coppice.console.progress.RunMonitor;
import io.coppice.console.runs.ChosenRun;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice run watch}. */
@Command(
    name = "watch",
    mixinStandardHelpOptions = true,
    header = "Watch a run until it is finished.",
    description = {"", "Ctrl-C ends the watching only; the run goes on.", ""})
final class RunWatchCommand implements Callable<Integer> {

  @Parameters(
      arity = "0..1",
      paramLabel = "RUN",
      description = "The run. May be left out where one run only is not finished.")
  private String runId;

  @ArgGroup(exclusive = false)
  private LogOption.Cluster cluster = new LogOption.Cluster();

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    try (StopSignal stop = new StopSignal();
        OpenLog open = cluster.open()) {
      LogSerdes serdes = new LogSerdes(open.cluster().newRegistry());
      RunDefinition run = ChosenRun.of(open.cluster(), serdes, runId);
      watch(open.cluster(), serdes, run, stop, cluster.given(), spec.commandLine().getOut());
    }
    return 0;
  }

  /**
   * Watches a run until it is finished, or its user has seen enough.
   *
   * @param options of the cluster, for the sentence that tells how to come back
   */
  static void watch(
      ClusterConfig cluster,
      LogSerdes serdes,
      RunDefinition run,
      StopSignal stop,
      String options,
      PrintWriter out) {
    try (RunMonitor monitor = new RunMonitor(cluster, serdes, run)) {
      if (RunWatch.whileOthersTrain(monitor, stop::isGiven, out)) {
        out.printf("Run %s is finished.%n", run.id());
      } else {
        out.printf(
            "%nRun %s goes on without being watched. To see it again:%n  coppice run watch %s%s%n",
            run.id(), run.id(), options);
      }
      out.flush();
    }
  }
}
