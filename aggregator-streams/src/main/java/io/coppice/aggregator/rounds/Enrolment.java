package io.coppice.aggregator.rounds;

import io.coppice.aggregator.UnusableRecordException;
import io.coppice.aggregator.state.Agent;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.TrainingRun;
import java.time.Instant;
import java.util.Optional;

/** Takes agents into runs, and puts each on record, whether it joins for the first time or again. */
final class Enrolment {

  private final RunStore store;
  private final RunLedger ledger;

  Enrolment(RunStore store, RunLedger ledger) {
    this.store = store;
    this.ledger = ledger;
  }

  /**
   * Takes an agent into its run. One that was missing is there again.
   *
   * @param run the definition of the run
   * @param joined an offer that is fit by itself ({@link RunChecks#agent})
   * @param joinedAt timestamp of that record
   * @param at timestamp of the record that is being processed: the same, or the definition's where that came later
   * @throws UnusableRecordException if its key is not the one that speaks for the agent; then nothing is changed
   */
  void join(TrainingRun run, AgentJoined joined, long joinedAt, long at)
      throws UnusableRecordException {
    String runId = joined.getRunId();
    String agentId = joined.getAgentId();
    Optional<Agent> known = store.agent(runId, agentId);
    UnusableRecordException.throwIf(
        AgentKeys.joining(
            run, joined, store.trustedKey(runId, agentId), known.map(Agent::getPublicKey)));
    if (known.isEmpty()) {
      RunProgress progress = store.progress(runId);
      progress.setJoined(progress.getJoined() + 1);
      store.putProgress(runId, progress);
    }
    store.putAgent(runId, agentId, new Agent(joined.getMaxWeight(), joined.getPublicKey(), false));
    ledger.append(
        runId,
        new AgentAccepted(
            agentId,
            joined.getPublicKey(),
            joined.getSampleCount(),
            joined.getMaxWeight(),
            Instant.ofEpochMilli(joinedAt)),
        at);
  }
}
