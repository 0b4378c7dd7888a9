package io.coppice.aggregator.observe;

import io.coppice.aggregator.state.Phase;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.TrainingRun;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Figures of the runs of one task of the round coordinator; used by the task's thread. A run is shown from the time that it makes
 * progress; what comes of one that is over, and forgotten, does not bring it back.
 */
public final class RoundMeters implements AutoCloseable {

  /** A finished run is shown for so long, so that its last figures are scraped. */
  static final Duration SHOWN_AFTER_END = Duration.ofMinutes(15);

  private final Telemetry telemetry;
  private final Function<String, Optional<TrainingRun>> definitions;
  private final Map<String, RunMeters> runs = new HashMap<>();

  RoundMeters(Telemetry telemetry, Function<String, Optional<TrainingRun>> definitions) {
    this.telemetry = telemetry;
    this.definitions = definitions;
  }

  /** The task has found a run in its store: it was started again, or has come from another instance. */
  public void found(String runId, RunProgress progress) {
    telemetry.quietly(() -> runInProgress(runId, progress).ifPresent(run -> run.found(progress)));
  }

  /** A run is so far now. */
  public void progressed(String runId, RunProgress progress) {
    telemetry.quietly(
        () ->
            runInProgress(runId, progress)
                .ifPresent(run -> run.progressed(progress, telemetry.now())));
  }

  /**
   * An entry was written to a ledger.
   *
   * @param at timestamp of the record that brought it about, milliseconds
   */
  public void written(LedgerEntry entry, long at) {
    telemetry.quietly(
        () -> run(entry.getRunId()).ifPresent(run -> run.written(entry.getEvent(), at)));
  }

  /** An update was admitted. */
  public void admitted(String runId) {
    telemetry.quietly(() -> run(runId).ifPresent(RunMeters::admitted));
  }

  /**
   * The aggregates of the round closed last are all there.
   *
   * @param at timestamp of the record that said so, milliseconds
   */
  public void aggregated(String runId, long at) {
    telemetry.quietly(() -> run(runId).ifPresent(run -> run.aggregated(at)));
  }

  /** Takes away the figures of runs that are finished for a quarter of an hour. */
  public void forgetFinishedRuns() {
    long before = telemetry.now() - SHOWN_AFTER_END.toNanos();
    runs.values()
        .removeIf(
            run -> {
              boolean over = run.finishedBefore(before);
              if (over) {
                telemetry.quietly(run::close);
              }
              return over;
            });
  }

  private Optional<RunMeters> run(String runId) {
    return Optional.ofNullable(runs.get(runId));
  }

  private Optional<RunMeters> runInProgress(String runId, RunProgress progress) {
    if (!runs.containsKey(runId) && progress.getPhase() != Phase.FINISHED) {
      runs.put(runId, new RunMeters(telemetry.registry(), runId, definitions.apply(runId)));
    }
    return run(runId);
  }

  /** Takes away everything: the task ends, or goes to another instance. */
  @Override
  public void close() {
    telemetry.quietly(
        () -> {
          runs.values().forEach(RunMeters::close);
          runs.clear();
        });
  }
}
