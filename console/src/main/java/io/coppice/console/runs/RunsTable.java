package io.coppice.console.runs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.coppice.console.progress.Figures;
import io.coppice.console.progress.RunMonitor;
import io.coppice.learning.model.Mask;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** All runs, a line each. */
public final class RunsTable {

  private static final List<String> HEADS =
      List.of("run", "state", "round", "agents", "density", "accuracy", "defined (UTC)");

  private RunsTable() {}

  /** Prints a table of runs whose log has been read. */
  public static void print(List<RunMonitor> runs, PrintWriter out) {
    List<List<String>> rows = new ArrayList<>(List.of(HEADS));
    runs.forEach(run -> rows.add(row(run)));
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < row.size(); c++) {
        int column = c;
        int width = rows.stream().mapToInt(r -> r.get(column).length()).max().orElseThrow();
        String cell = row.get(c);
        String padding = " ".repeat(width - cell.length());
        boolean isFigure = c >= 2 && c <= 5;
        line.append(isFigure ? padding + cell : cell + padding).append("   ");
      }
      out.println(line.toString().stripTrailing());
    }
  }

  private static List<String> row(RunMonitor run) {
    return List.of(
        run.run().id(),
        RunState.of(run).words(),
        String.format(Locale.ROOT, "%d/%d", run.lastClosedRound() + 1, run.run().lastRound() + 1),
        String.format(
            Locale.ROOT,
            "%d/%d",
            run.agents().size(),
            run.run().run().getParticipation().getExpectedAgents()),
        run.mask().map(Mask::density).map(d -> Figures.decimals(d, 4)).orElse("-"),
        run.newestEvaluation().map(e -> Figures.decimals(e.getAccuracy(), 4)).orElse("-"),
        time(run.run().since()));
  }

  /** A time of the log, in UTC. */
  static String time(long millis) {
    return Instant.ofEpochMilli(millis).toString().substring(0, 19).replace('T', ' ');
  }

  /** The same as JSON: a list of objects. */
  public static ArrayNode json(List<RunMonitor> runs) {
    ArrayNode list = new ObjectMapper().createArrayNode();
    runs.forEach(run -> list.add(RunJson.of(run)));
    return list;
  }
}
