package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import io.coppice.console.progress.RunMonitor;
import io.coppice.console.progress.RunMonitors;
import io.coppice.console.runs.RunsTable;
import io.coppice.replay.Runs;
import io.coppice.schemas.LogSerdes;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice run list}. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    header = "List all runs of a log, the newest first.")
final class RunListCommand implements Callable<Integer> {

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
      List<RunMonitor> runs =
          List.copyOf(RunMonitors.read(open.cluster(), serdes, Runs.all(open.cluster(), serdes)))
              .reversed();
      if (json) {
        out.println(RunsTable.json(runs).toPrettyString());
      } else if (runs.isEmpty()) {
        out.println("The log holds no run yet.");
      } else {
        RunsTable.print(runs, out);
      }
      out.flush();
    }
    return 0;
  }
}
