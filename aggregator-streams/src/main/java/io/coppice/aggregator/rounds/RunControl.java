package io.coppice.aggregator.rounds;

import io.coppice.aggregator.Fault;
import io.coppice.aggregator.UnusableRecordException;
import io.coppice.aggregator.state.Phase;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.RunCommands;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import java.time.Instant;
import java.util.Optional;

/**
 * Takes commands: stops runs and lets them go on, and puts both on record. What it means for a run's rounds that it is stopped is
 * {@link RunLifecycle}'s concern.
 */
final class RunControl {

  private final RunStore store;
  private final RunLedger ledger;

  RunControl(RunStore store, RunLedger ledger) {
    this.store = store;
    this.ledger = ledger;
  }

  /**
   * Carries out a command.
   *
   * @param at timestamp of the record that holds it
   * @throws UnusableRecordException if there is no such run, it is over, or it is already as it is to be; then nothing is changed
   */
  void carryOut(RunCommand command, long at) throws UnusableRecordException {
    String runId = command.getRunId();
    RunProgress progress = store.progress(runId);
    UnusableRecordException.throwIf(fault(command, progress));
    boolean stop = command.getAction() == RunAction.STOP;
    progress.setStopped(stop);
    store.putProgress(runId, progress);
    int round = progress.getRound();
    String reason = command.getReason();
    String issuer = command.getIssuer();
    Instant now = Instant.ofEpochMilli(at);
    ledger.append(
        runId,
        stop
            ? new RunStopped(round, reason, issuer, now)
            : new RunResumed(round, reason, issuer, now),
        at);
  }

  private Optional<Fault> fault(RunCommand command, RunProgress progress) {
    String runId = command.getRunId();
    Optional<String> malformed = RunCommands.fault(command);
    if (malformed.isPresent()) {
      return Optional.of(new Fault(RejectReason.MALFORMED, malformed.get()));
    }
    if (store.definition(runId).isEmpty()) {
      return Optional.of(Fault.of(RejectReason.UNKNOWN_RUN, "There is no run %s.", runId));
    }
    if (progress.getPhase() == Phase.FINISHING || progress.getPhase() == Phase.FINISHED) {
      return Optional.of(
          Fault.of(RejectReason.LATE, "Run %s is over: its last round is closed.", runId));
    }
    if (progress.getStopped() == (command.getAction() == RunAction.STOP)) {
      return Optional.of(
          Fault.of(
              RejectReason.DUPLICATE,
              progress.getStopped() ? "Run %s is stopped already." : "Run %s is not stopped.",
              runId));
    }
    return Optional.empty();
  }
}
