package io.coppice.audit;

import io.coppice.replay.LogRecord;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.UpdateRejected;
import java.util.List;
import java.util.Map;

/**
 * A closed round, with what the ledger says since the round before.
 *
 * @param record the entry that closes it
 * @param closed that entry's event
 * @param rejections the rejected submissions, in order
 * @param agents those that had been accepted by then and have something to do with it, by id
 * @param firstOpenedAt append time of the entry that opened the run's first round
 */
record ClosedRound(
    LogRecord record,
    RoundClosed closed,
    List<Rejection> rejections,
    Map<String, AgentRegister.Agent> agents,
    long firstOpenedAt) {

  /** An entry of the ledger that rejects a submission. */
  record Rejection(LogRecord record, UpdateRejected rejected) {}

  int round() {
    return closed.getRound();
  }
}
