package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import io.coppice.console.runs.ChosenRun;
import io.coppice.console.runs.CommandIssuer;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RunAction;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice run resume}. */
@Command(
    name = "resume",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    header = "Let a stopped run go on.")
final class RunResumeCommand implements Callable<Integer> {

  @Parameters(
      arity = "0..1",
      paramLabel = "RUN",
      description = "The run. May be left out where one run only is not finished.")
  private String runId;

  @ArgGroup(exclusive = false)
  private LogOption.Cluster cluster = new LogOption.Cluster();

  @Mixin private RunCommandOptions options;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    options.check();
    try (OpenLog open = cluster.open()) {
      LogSerdes serdes = new LogSerdes(open.cluster().newRegistry());
      RunDefinition run = ChosenRun.of(open.cluster(), serdes, runId);
      try (CommandIssuer issuer = new CommandIssuer(open.cluster(), serdes, run)) {
        issuer.issue(RunAction.RESUME, options.reason(), options.patience());
        out.printf("Run %s goes on.%n", run.id());
        out.flush();
      }
    }
    return 0;
  }
}
