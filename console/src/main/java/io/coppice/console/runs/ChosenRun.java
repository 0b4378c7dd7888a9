package io.coppice.console.runs;

import io.coppice.console.UserError;
import io.coppice.console.progress.RunMonitor;
import io.coppice.console.progress.RunMonitors;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import java.util.List;
import java.util.stream.Collectors;

/** The run that a command is about: the one that its user names, or the only one that is not finished. */
public final class ChosenRun {

  private static final int NAMED_AT_MOST = 8;

  private ChosenRun() {}

  /**
   * Finds it.
   *
   * @param runId null for the only one that is not finished
   * @throws UserError if there is no such run, or not exactly one that is not finished
   */
  public static RunDefinition of(ClusterConfig cluster, LogSerdes serdes, String runId) {
    List<RunDefinition> runs = Runs.all(cluster, serdes);
    if (runs.isEmpty()) {
      throw UserError.badInput("The log holds no run yet: 'coppice run start' defines one.");
    }
    if (runId != null) {
      return runs.stream()
          .filter(run -> run.id().equals(runId))
          .findFirst()
          .orElseThrow(
              () ->
                  UserError.badInput(
                      "There is no run " + runId + ": there is " + names(runs) + "."));
    }
    List<RunDefinition> unfinished =
        RunMonitors.read(cluster, serdes, runs).stream()
            .filter(monitor -> monitor.finished().isEmpty())
            .map(RunMonitor::run)
            .toList();
    if (unfinished.size() == 1) {
      return unfinished.getFirst();
    }
    throw UserError.badInput(
        unfinished.isEmpty()
            ? "All runs are finished, so name one: there is " + names(runs) + "."
            : "Several runs are not finished, so name one: there is " + names(unfinished) + ".");
  }

  /** The newest ones, the newest first. */
  private static String names(List<RunDefinition> runs) {
    String names =
        runs.reversed().stream()
            .limit(NAMED_AT_MOST)
            .map(RunDefinition::id)
            .collect(Collectors.joining(", "));
    int more = runs.size() - NAMED_AT_MOST;
    return more > 0 ? names + " and " + more + " more" : names;
  }
}
