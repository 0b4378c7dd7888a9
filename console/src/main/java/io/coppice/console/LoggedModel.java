package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import io.coppice.learning.export.TrainedModel;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunModel;
import io.coppice.replay.Runs;
import io.coppice.schemas.LogSerdes;
import java.util.Optional;

/** Takes a model out of a log, as every command that works with one has to. */
final class LoggedModel {

  private LoggedModel() {}

  /**
   * Folds a run's model.
   *
   * @param runId the run; the newest if it is empty
   * @param round the model after this round, under the mask that is in force then; the newest model if it is empty
   * @throws UserError if there is no such run, or it has no such model
   */
  static TrainedModel find(OpenLog open, Optional<String> runId, Optional<Integer> round) {
    LogSerdes serdes = new LogSerdes(open.cluster().newRegistry());
    RunDefinition run =
        Runs.find(open.cluster(), serdes, runId)
            .orElseThrow(
                () ->
                    UserError.badInput(
                        "The log holds no run" + runId.map(id -> " " + id).orElse("") + "."));
    round.ifPresent(wanted -> checkRound(run, wanted));
    RunModel model =
        (round.isEmpty()
                ? RunModel.newest(open.cluster(), serdes, run)
                : RunModel.after(round.get(), open.cluster(), serdes, run))
            .orElseThrow(
                () ->
                    UserError.failed(
                        "Run " + run.id() + " has no model yet: its first checkpoint is to come.",
                        null));
    if (round.isPresent() && model.round() != round.get()) {
      throw UserError.failed(
          String.format(
              "The log leads run %s to round %d, not to round %d.",
              run.id(), model.round(), round.get()),
          null);
    }
    return new TrainedModel(
        run.id(),
        model.round(),
        run.lastRound(),
        model.maskVersion(),
        run.architecture(),
        run.loss(),
        model.mask(),
        model.parameters());
  }

  private static void checkRound(RunDefinition run, int round) {
    int first = run.firstRound() - 1;
    if (round < first || round > run.lastRound()) {
      throw UserError.badInput(
          String.format(
              "--round is %d (the initial model) to %d in run %s, not %d.",
              first, run.lastRound(), run.id(), round));
    }
  }
}
