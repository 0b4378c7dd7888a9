package io.coppice.aggregator.rounds;

import io.coppice.aggregator.state.Agent;
import io.coppice.aggregator.state.Participant;
import io.coppice.aggregator.state.Phase;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.aggregator.state.Status;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateRejected;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Stream;

/**
 * The life of a run: start, initial pruning, one round after the other, end. {@link #advance} is called around every record of
 * the run and does whatever has become possible; time is that of the records.
 *
 * <p>A round closes when every participant is admitted or rejected, or when its deadline has passed, but never without its quorum:
 * until then it stays open, for late participants as for rejected ones who try again, and past its deadline others who are there are asked
 * as well, lest a round wait for the return of the few that it was drawn for. No fewer agents than a quorum are asked: if not enough
 * are left that are not missing, the missing ones are asked, too.
 *
 * <p>A closed round commits to the aggregates of the round before, so it also waits for their digests; and so does the end of the run for
 * those of the last round. Agents cannot train before these aggregates are there, so in practice this costs no time.
 *
 * <p>While a run is stopped nothing is asked of anybody: neither the start nor a round is opened, nor one opened once more. Everything else
 * goes its way, so that nothing that was asked for is lost: an open round takes updates and closes, masks come, deadlines pass. When the
 * run is resumed, what has become possible in the meantime happens at once.
 */
final class RunLifecycle {

  private static final int INITIAL_PRUNING = -1;
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private final RunStore store;
  private final RunLedger ledger;
  private final int shardPartitions;

  /**
   * @param shardPartitions partitions of the topics by shard
   */
  RunLifecycle(RunStore store, RunLedger ledger, int shardPartitions) {
    this.store = store;
    this.ledger = ledger;
    this.shardPartitions = shardPartitions;
  }

  /**
   * Does what has become possible.
   *
   * @param at timestamp of the record that is being processed
   */
  void advance(String runId, long at) {
    Optional<TrainingRun> definition = store.definition(runId);
    Optional<MaskPublished> mask = store.mask(runId);
    if (definition.isEmpty() || mask.isEmpty()) {
      return;
    }
    RunProgress progress = store.progress(runId);
    if (progress.getDeadlineAt() != null && !progress.getDue() && at >= progress.getDeadlineAt()) {
      progress.setDue(true);
      store.putProgress(runId, progress);
    }
    switch (progress.getPhase()) {
      case STARTING -> start(definition.get(), mask.get(), progress, at);
      case ROUND_OPEN -> closeOrAskNext(definition.get(), mask.get(), progress, at);
      case WAITING_FOR_MASK -> openNext(definition.get(), mask.get(), progress, at);
      case FINISHING -> finish(definition.get(), progress, at);
      case FINISHED -> {}
    }
  }

  private void start(TrainingRun run, MaskPublished mask, RunProgress progress, long at) {
    if (progress.getDeadlineAt() == null) {
      progress.setDeadlineAt(at + run.getParticipation().getDeadlineMillis());
      store.putProgress(run.getRunId(), progress);
    }
    boolean everybody = progress.getJoined() >= run.getParticipation().getExpectedAgents();
    boolean enough = progress.getJoined() >= run.getParticipation().getQuorum();
    if (progress.getStopped() || (!everybody && !(progress.getDue() && enough))) {
      return;
    }
    if (run.getInitialPruning() != null) {
      askForInitialPruning(run, mask, progress, at);
    } else {
      openRound(run, mask, progress, at);
    }
  }

  // Opening

  /** Asks the agent behind the one that was asked before, in the order of their ids, and after the last the first. */
  private void askForInitialPruning(
      TrainingRun run, MaskPublished mask, RunProgress progress, long at) {
    List<String> agents = new ArrayList<>(store.agents(run.getRunId()).keySet());
    String previous = progress.getAsked();
    String next =
        agents.stream()
            .filter(a -> previous != null && a.compareTo(previous) > 0)
            .findFirst()
            .orElse(agents.getFirst());
    progress.setAsked(next);
    progress.setRound(INITIAL_PRUNING);
    progress.setImportance(false);
    open(run, mask, progress, List.of(next), run.getInitialPruning().getDeadlineMillis(), at);
  }

  /** Opens the round behind the closed one, unless it needs a mask that is not there yet, or the run is stopped. */
  private void openNext(TrainingRun run, MaskPublished mask, RunProgress progress, long at) {
    boolean hasMask =
        mask.getVersion() > progress.getMaskVersion()
            || !MaskRounds.of(run).newMaskAfter(progress.getRound());
    if (hasMask && !progress.getStopped()) {
      openRound(run, mask, progress, at);
    }
  }

  /** Opens round 0, or the one behind the closed one. */
  private void openRound(TrainingRun run, MaskPublished mask, RunProgress progress, long at) {
    int round = progress.getPhase() == Phase.STARTING ? 0 : progress.getRound() + 1;
    SortedMap<String, Agent> agents = store.agents(run.getRunId());
    List<String> present = present(agents);
    boolean enough = present.size() >= run.getParticipation().getQuorum();
    progress.setRound(round);
    progress.setImportance(MaskRounds.of(run).askForUpload(round));
    open(
        run,
        mask,
        progress,
        ClientSelection.choose(run, round, enough ? present : List.copyOf(agents.keySet())),
        run.getParticipation().getDeadlineMillis(),
        at);
  }

  private static List<String> present(SortedMap<String, Agent> agents) {
    return agents.entrySet().stream()
        .filter(a -> !a.getValue().getMissing())
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * Opens the round once more, for its participants and as many others as a round asks; what was admitted stays so. If there is
   * nobody else, whoever joins next is asked.
   */
  private void askOthers(TrainingRun run, MaskPublished mask, RunProgress progress, long at) {
    SortedMap<String, Participant> asked = store.participants(run.getRunId());
    List<String> others =
        present(store.agents(run.getRunId())).stream()
            .filter(agentId -> !asked.containsKey(agentId))
            .toList();
    if (others.isEmpty()) {
      return;
    }
    List<String> chosen = ClientSelection.choose(run, progress.getRound(), others);
    progress.setParticipants(asked.size() + chosen.size());
    List<String> all = Stream.concat(asked.keySet().stream(), chosen.stream()).sorted().toList();
    ask(run, mask, progress, chosen, all, run.getParticipation().getDeadlineMillis(), at);
  }

  private void open(
      TrainingRun run,
      MaskPublished mask,
      RunProgress progress,
      List<String> participants,
      long deadlineMillis,
      long at) {
    progress.setPhase(Phase.ROUND_OPEN);
    progress.setMaskVersion(mask.getVersion());
    progress.setParticipants(participants.size());
    progress.setAdmitted(0);
    progress.setRejected(0);
    ask(run, mask, progress, participants, participants, deadlineMillis, at);
  }

  /**
   * @param added those who are asked now
   * @param participants they and those who were asked before
   */
  private void ask(
      TrainingRun run,
      MaskPublished mask,
      RunProgress progress,
      List<String> added,
      List<String> participants,
      long deadlineMillis,
      long at) {
    progress.setDeadlineAt(at + deadlineMillis);
    progress.setDue(false);
    Participant asked = new Participant(Status.ASKED, ByteBuffer.allocate(0), 0L);
    added.forEach(agentId -> store.putParticipant(run.getRunId(), agentId, asked));
    store.putProgress(run.getRunId(), progress);
    ledger.append(
        run.getRunId(),
        new RoundOpened(
            progress.getRound(),
            mask.getVersion(),
            progress.getImportance(),
            participants,
            Instant.ofEpochMilli(at),
            Instant.ofEpochMilli(at + deadlineMillis)),
        at);
  }

  // Closing

  private void closeOrAskNext(TrainingRun run, MaskPublished mask, RunProgress progress, long at) {
    boolean initial = progress.getRound() == INITIAL_PRUNING;
    int quorum = initial ? 1 : run.getParticipation().getQuorum();
    boolean everybody =
        progress.getAdmitted() + progress.getRejected() == progress.getParticipants();
    if (progress.getDigestsMissing() == 0
        && progress.getAdmitted() >= quorum
        && (everybody || progress.getDue())) {
      close(run, mask, progress, everybody ? CloseReason.ALL_REPORTED : CloseReason.DEADLINE, at);
    } else if (progress.getStopped() || !progress.getDue()) {
      return; // nobody else is asked
    } else if (initial) {
      leaveOut(run.getRunId(), progress, at);
      store.deleteRound(run.getRunId());
      askForInitialPruning(run, mask, progress, at);
    } else if (progress.getAdmitted() < quorum) {
      askOthers(run, mask, progress, at);
    }
  }

  private void close(
      TrainingRun run, MaskPublished mask, RunProgress progress, CloseReason reason, long at) {
    String runId = run.getRunId();
    List<Contributor> contributors = new ArrayList<>();
    store
        .participants(runId)
        .forEach(
            (agentId, p) -> {
              if (p.getStatus() == Status.ADMITTED) {
                contributors.add(new Contributor(agentId, p.getWeight(), p.getSubmission()));
              }
            });
    leaveOut(runId, progress, at);
    UpdateShape shape = UpdateShape.of(run, mask, progress.getImportance());
    RoundClosed closed =
        new RoundClosed(
            progress.getRound(),
            progress.getMaskVersion(),
            progress.getImportance(),
            reason,
            contributors,
            shape.deltaShards(),
            shape.importanceShards(),
            run.getEncoding().getAggregate(),
            Instant.ofEpochMilli(closedAt(progress, reason, at)),
            progress.getLastDigest(),
            NONE,
            NONE,
            mask.getDigest(),
            aggregatesDigest(runId, progress));
    ledger.close(runId, closed, at);

    store.deleteRound(runId);
    store.deleteDigests(runId);
    progress.setClosedDeltaShards(closed.getDeltaShards());
    progress.setClosedImportanceShards(closed.getImportanceShards());
    progress.setLastDigest(closed.getDigest());
    progress.setPhase(Phase.WAITING_FOR_MASK);
    progress.setDeadlineAt(null);
    progress.setDue(false);
    progress.setDigestsMissing(
        ClosedAggregates.of(progress, shardPartitions).orElseThrow().partitionsInvolved());
    boolean last = progress.getRound() + 1 == run.getRounds();
    if (last) {
      progress.setPhase(Phase.FINISHING);
    }
    store.putProgress(runId, progress);
    if (!last) {
      openNext(run, mask, progress, at);
    }
  }

  /**
   * Records of different topics are not processed in the order of their timestamps: what completes the quorum behind the deadline
   * may have been written just before it.
   */
  private static long closedAt(RunProgress progress, CloseReason reason, long at) {
    return reason == CloseReason.DEADLINE ? Math.max(at, progress.getDeadlineAt()) : at;
  }

  /** What the run ends with, once it is known what has become of its last round. */
  private void finish(TrainingRun run, RunProgress progress, long at) {
    if (progress.getDigestsMissing() > 0) {
      return;
    }
    String runId = run.getRunId();
    progress.setPhase(Phase.FINISHED);
    store.putProgress(runId, progress);
    ledger.finish(
        runId,
        new RunFinished(
            run.getRounds(),
            Instant.ofEpochMilli(at),
            progress.getLastDigest(),
            NONE,
            aggregatesDigest(runId, progress),
            NONE),
        at);
  }

  /** Over the aggregates of the round closed last, whose digests are all there; empty if no round is closed. */
  private ByteBuffer aggregatesDigest(String runId, RunProgress progress) {
    return ClosedAggregates.of(progress, shardPartitions)
        .map(aggregates -> aggregates.digest(store.digests(runId)))
        .orElse(NONE);
  }

  /**
   * Those who were silent are missing from now on; those whose shards have not all been seen are told so. Whoever was too slow for
   * initial pruning is not missing: it may be quick enough for a round.
   */
  private void leaveOut(String runId, RunProgress progress, long at) {
    store
        .participants(runId)
        .forEach(
            (agentId, p) -> {
              switch (p.getStatus()) {
                case ASKED -> {
                  if (progress.getRound() != INITIAL_PRUNING) {
                    Agent agent = store.agent(runId, agentId).orElseThrow();
                    agent.setMissing(true);
                    store.putAgent(runId, agentId, agent);
                  }
                }
                case PENDING ->
                    ledger.append(
                        runId,
                        new UpdateRejected(
                            progress.getRound(),
                            agentId,
                            p.getSubmission(),
                            RejectReason.INCOMPLETE,
                            "Not all of the update's shards had been checked when the round"
                                + " closed."),
                        at);
                case ADMITTED, REJECTED -> {}
              }
            });
  }
}
