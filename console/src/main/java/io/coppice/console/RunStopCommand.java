package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import io.coppice.console.progress.RunMonitor;
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
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice run stop}. */
@Command(
    name = "stop",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    header = "Stop a run: no further round opens until it is resumed.",
    description = {
      "",
      "The run keeps all that it has. A round that is open still takes updates, and closes.",
      ""
    })
final class RunStopCommand implements Callable<Integer> {

  @Parameters(
      arity = "0..1",
      paramLabel = "RUN",
      description = "The run. May be left out where one run only is not finished.")
  private String runId;

  @ArgGroup(exclusive = false)
  private LogOption.Cluster cluster = new LogOption.Cluster();

  @Mixin private RunCommandOptions options;

  @Option(names = "--wait", description = "Wait until the open round has closed, too.")
  private boolean wait;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    options.check();
    try (OpenLog open = cluster.open()) {
      LogSerdes serdes = new LogSerdes(open.cluster().newRegistry());
      RunDefinition run = ChosenRun.of(open.cluster(), serdes, runId);
      try (CommandIssuer issuer = new CommandIssuer(open.cluster(), serdes, run)) {
        issuer.issue(RunAction.STOP, options.reason(), options.patience());
        out.println(sentence(issuer.monitor(), run));
        if (wait) {
          out.flush();
          issuer.awaitClosed();
          out.println("No round is open any more.");
        }
        out.flush();
      }
    }
    return 0;
  }

  private static String sentence(RunMonitor monitor, RunDefinition run) {
    if (monitor.finished().isPresent()) {
      return "Run " + run.id() + " has finished before it could stop.";
    }
    return monitor
        .unclosedRound()
        .map(
            round ->
                String.format(
                    "Run %s is stopped: %s is open and still closes, and none opens after it.",
                    run.id(),
                    round.getRound() < 0 ? "initial pruning" : "round " + round.getRound()))
        .orElse("Run " + run.id() + " is stopped.");
  }
}
