package io.coppice.aggregator.rounds;

import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAccepted;
import io.coppice.schemas.RunContext;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.UpdateRejected;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger as an operator reads it in the service's own log: a line an entry. A transaction that is begun anew tells its part
 * again; what holds is the ledger.
 */
final class RunStory {

  private static final Logger log = LoggerFactory.getLogger(RunStory.class);

  private RunStory() {}

  /** Logs an entry that was written. */
  static void tell(LedgerEntry entry) {
    String run = entry.getRunId();
    switch (entry.getEvent()) {
      case RunAccepted accepted -> log.info("run {} is accepted", run);
      case AgentAccepted accepted -> log.debug("run {}: {} joins", run, accepted.getAgentId());
      case RoundOpened opened ->
          inRound(
              run,
              opened.getRound(),
              () ->
                  log.info(
                      "run {} round {} is open for {} agents until {}, mask {}",
                      run,
                      opened.getRound(),
                      opened.getParticipants().size(),
                      opened.getDeadlineAt(),
                      opened.getMaskVersion()));
      case UpdateRejected rejected ->
          inRound(
              run,
              rejected.getRound(),
              () ->
                  log.info(
                      "run {} round {}: the update of {} is rejected: {}: {}",
                      run,
                      rejected.getRound(),
                      rejected.getAgentId(),
                      rejected.getReason(),
                      rejected.getDetail()));
      case RoundClosed closed ->
          inRound(
              run,
              closed.getRound(),
              () ->
                  log.info(
                      "run {} round {} is closed with {} contributors ({})",
                      run,
                      closed.getRound(),
                      closed.getContributors().size(),
                      closed.getReason()));
      case RunFinished finished ->
          log.info("run {} is finished after {} rounds", run, finished.getRounds());
      default -> log.info("run {}: {}", run, entry.getEvent().getClass().getSimpleName());
    }
  }

  private static void inRound(String runId, int round, Runnable line) {
    try (RunContext _ = RunContext.of(runId, round)) {
      line.run();
    }
  }
}
