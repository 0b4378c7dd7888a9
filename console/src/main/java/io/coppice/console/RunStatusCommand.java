package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import io.coppice.console.progress.RunMonitor;
import io.coppice.console.progress.RunMonitors;
import io.coppice.console.runs.ChosenRun;
import io.coppice.console.runs.OpenRound;
import io.coppice.console.runs.RunStatus;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.LogSerdes;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice run status}. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    header = "Show how a run goes, on one screen.")
final class RunStatusCommand implements Callable<Integer> {

  @Parameters(
      arity = "0..1",
      paramLabel = "RUN",
      description = "The run. May be left out where one run only is not finished.")
  private String runId;

  @ArgGroup(exclusive = true)
  private LogOption.Either log = new LogOption.Either();

  @Option(names = "--json", description = "Print a JSON document.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    try (OpenLog open = log.open()) {
      LogSerdes serdes = new LogSerdes(open.cluster().newRegistry());
      List<RunDefinition> chosen = List.of(ChosenRun.of(open.cluster(), serdes, runId));
      RunMonitor run = RunMonitors.read(open.cluster(), serdes, chosen).iterator().next();
      RunStatus status = new RunStatus(run, OpenRound.read(open.cluster(), serdes, run));
      if (json) {
        out.println(status.json().toPrettyString());
      } else {
        status.print(Instant.now(), out);
      }
      out.flush();
    }
    return 0;
  }
}
