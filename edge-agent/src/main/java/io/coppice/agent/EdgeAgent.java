package io.coppice.agent;

import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.training.CostProfiler;
import io.coppice.replay.AcceptedAgents;
import io.coppice.replay.FoldDetail;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.IgnoredLog;
import io.coppice.replay.IgnoredRecord;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunFollower;
import io.coppice.replay.Runs;
import io.coppice.replay.Submissions;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AgentRound;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.CostProfile;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.InitialPruningProgress;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MetricEntry;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundEvaluated;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunContext;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One edge agent: joins a run, folds its model, trains on local data in the rounds that ask it, and submits each update in one
 * transaction. Everything it needs after a restart it finds in the log; only the importance accumulated since its last upload
 * begins anew.
 *
 * <p>{@link #run} goes on until the run is finished or {@link #stop} is called; it ends with {@link RefusedException} where the run
 * does not take this agent.
 */
public final class EdgeAgent implements Runnable {

  private static final Logger LOG = LoggerFactory.getLogger(EdgeAgent.class);
  private static final Duration POLL = Duration.ofMillis(200);

  /**
   * Who the agent is.
   *
   * @param agentId unique within the run: 1 to 64 of a-z, 0-9 and '-'
   * @param runId the run to join; empty for the newest, which is waited for
   * @param key signs the submissions; empty for an agent that does not sign
   */
  public record Identity(String agentId, Optional<String> runId, Optional<AgentKey> key) {
    public Identity {
      if (!LogKeys.isName(agentId)) {
        throw new IllegalArgumentException(
            "Agent id '" + agentId + "' is not allowed: use 1 to 64 of a-z, 0-9 and '-'.");
      }
    }
  }

  /** What the agent is doing. */
  public enum Phase {
    WAITING_FOR_RUN,
    MEASURING,
    CATCHING_UP,
    WAITING_FOR_ROUND,
    TRAINING,
    FINISHED,
    STOPPED,
    REFUSED
  }

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final Identity identity;
  private final AgentData data;
  private final ComputeGate gate;
  private final DeviceLink link;
  private final AgentMetrics metrics;
  private volatile Phase phase = Phase.WAITING_FOR_RUN;
  private volatile boolean stopped;

  /** Remembers what it has told of: the runs are read again as long as there is none to join. */
  private final IgnoredLog ignoredRuns;

  private RunDefinition run;
  private Admission admission;
  private TransactionalWriter writer;
  private RunFollower follower;
  private LocalWork work;

  /** What a round costs on this device; null where the run does not ask for it. */
  private CostProfile profile;

  /** The open round; null between rounds. */
  private RoundOpened open;

  /** The last round that this agent has submitted for. */
  private int submittedRound = Integer.MIN_VALUE;

  /** Whether this agent was silent in the last closed round that it was asked in: it is not asked again before it joins anew. */
  private boolean missing;

  /** Content digest of the last submission; null before the first. Others may write submissions in this agent's name. */
  private ByteBuffer submitted;

  /** The last round in which that was rejected. */
  private int rejectedRound = Integer.MIN_VALUE;

  private boolean finished;
  private long bytesDownReported;

  public EdgeAgent(
      ClusterConfig cluster,
      LogSerdes serdes,
      Identity identity,
      AgentData data,
      ComputeGate gate,
      DeviceLink link,
      AgentMetrics metrics) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.identity = identity;
    this.data = data;
    this.gate = gate;
    this.link = link;
    this.metrics = metrics;
    this.ignoredRuns = new IgnoredLog(metrics::ignored);
  }

  /** What the agent is doing now. */
  public Phase phase() {
    return phase;
  }

  /** Makes {@link #run} return soon; a round that is being trained is given up. */
  public void stop() {
    stopped = true;
  }

  @Override
  public void run() {
    boolean refused = false;
    try {
      Optional<RunDefinition> found = awaitRun();
      if (found.isPresent()) {
        try (RunContext _ = RunContext.of(found.get().id())) {
          takePartIn(found.get());
        }
      }
    } catch (RefusedException e) {
      refused = true;
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      phase = refused ? Phase.REFUSED : finished ? Phase.FINISHED : Phase.STOPPED;
    }
  }

  private Optional<RunDefinition> awaitRun() throws InterruptedException {
    while (!stopped) {
      Optional<RunDefinition> found = Runs.find(cluster, serdes, identity.runId(), ignoredRuns);
      if (found.isPresent()) {
        return found;
      }
      Thread.sleep(500);
    }
    return Optional.empty();
  }

  private void takePartIn(RunDefinition definition) throws InterruptedException {
    run = definition;
    admission = new Admission(run.run(), identity.agentId(), identity.key());
    checkAdmission();
    // The agent's name comes first, so that its rights can be given by that prefix; no name has a
    // dot.
    String transactionalId = cluster.topicPrefix() + "agent." + identity.agentId() + "." + run.id();
    if (run.fleetQuantile().isPresent()) {
      phase = Phase.MEASURING;
      profile = measure(transactionalId);
      metrics.measured(run.layout(), profile);
    }
    CostModel cost =
        profile == null ? run.cost() : run.cost("measured by " + identity.agentId(), profile);
    try (TransactionalWriter openWriter =
            new TransactionalWriter(cluster, transactionalId, run.id());
        RunFollower openFollower =
            new RunFollower(cluster, serdes, run, FoldDetail.MODEL, new Watcher());
        LocalWork openWork = new LocalWork(run, identity.agentId(), data, gate, cost)) {
      writer = openWriter;
      follower = openFollower;
      work = openWork;
      phase = Phase.CATCHING_UP;
      join();
      catchUp();
      while (!stopped && !isOver()) {
        follower.poll(POLL);
        metrics.lag(follower.lag());
        if (missing) {
          missing = false;
          join();
        }
        if (isAsked()) {
          phase = Phase.TRAINING;
          try (RunContext _ = RunContext.of(run.id(), open.getRound())) {
            trainAndSubmit();
          }
          phase = Phase.WAITING_FOR_ROUND;
        }
      }
    }
  }

  /** Before anything is written: a writer under this id would put out one that has it by right. */
  private void checkAdmission() {
    admission.checkRules();
    AcceptedAgents.find(identity.agentId(), cluster, serdes, run).ifPresent(admission::check);
  }

  private CostProfile measure(String transactionalId) throws InterruptedException {
    LocalTraining training = run.run().getTraining();
    CostProfiler.Profile computation =
        gate.profile(
            run.architecture(),
            run.loss(),
            training.getBatchSize(),
            training.getLocalSteps(),
            run.accumulatesImportance(),
            () -> stopped);
    double speed =
        link.bytesPerSecond(new LinkProbe(cluster, transactionalId, run.id(), identity.agentId()));
    return CostProfile.newBuilder()
        .setFixedSeconds(computation.fixedSeconds())
        .setComputationSecondsPerWeight(
            Arrays.stream(computation.secondsPerWeight()).boxed().toList())
        .setBytesPerSecond(speed)
        .build();
  }

  /** A finished run is followed to its last model, so that the last evaluation is not missed. */
  private boolean isOver() {
    return finished && follower.fold().hasModel() && follower.fold().nextRound() > run.lastRound();
  }

  private void join() {
    writer.begin();
    writer.sendByRun(
        Topic.AGENTS,
        serdes.agents,
        LogKeys.agent(run.id(), identity.agentId()),
        AgentJoined.newBuilder()
            .setRunId(run.id())
            .setAgentId(identity.agentId())
            .setJoinedAt(Instant.now())
            .setSampleCount(data.train().size())
            .setMaxWeight(work.maxWeight())
            .setCostProfile(profile)
            .setPublicKey(identity.key().map(AgentKey::publicKey).orElse(ByteBuffer.allocate(0)))
            .build());
    writer.commit();
    LOG.info(
        "agent {} joined run {} with {} samples",
        identity.agentId(),
        run.id(),
        data.train().size());
  }

  private void catchUp() {
    while (!stopped && !follower.isCaughtUp()) {
      follower.poll(POLL);
    }
    if (open != null && open.getParticipants().contains(identity.agentId())) {
      findOwnSubmission();
    }
    phase = Phase.WAITING_FOR_ROUND;
  }

  private boolean isSignedByThisAgent(UpdateSubmitted submission) {
    return identity
        .key()
        .map(key -> Signatures.isSignedBy(submission, key.pair().getPublic()))
        .orElse(!submission.getSignature().hasRemaining());
  }

  /**
   * After a restart: whether the predecessor's submission for the open round is in the log. Others may write one in this agent's
   * name, but not sign it.
   */
  private void findOwnSubmission() {
    Submissions.since(open.getOpenedAt().toEpochMilli(), cluster, serdes, run).stream()
        .filter(submission -> submission.getAgentId().equals(identity.agentId()))
        .filter(this::isSignedByThisAgent)
        .forEach(submission -> submittedRound = Math.max(submittedRound, submission.getRound()));
  }

  private boolean isAsked() {
    return open != null
        && open.getParticipants().contains(identity.agentId())
        && open.getRound() > submittedRound
        && follower.fold().hasModel()
        && follower.fold().nextRound() == open.getRound()
        && follower.fold().maskVersion() == open.getMaskVersion();
  }

  private void trainAndSubmit() throws InterruptedException {
    RoundOpened round = open;
    Optional<ClientUpdate> update =
        round.getRound() == RunDefinition.INITIAL_PRUNING_ROUND
            ? work.pruneInitially(follower.fold(), this::reportProgress, () -> stopped)
            : Optional.of(work.train(follower.fold(), round.getImportance()));
    if (update.isPresent() && !stopped) {
      submit(update.get());
      submittedRound = round.getRound();
    }
  }

  private void submit(ClientUpdate update) {
    ClientUpdate.Records records =
        update.toRecords(
            run, identity.agentId(), identity.key().map(key -> key.pair().getPrivate()));
    long before = writer.bytesWritten();
    writer.begin();
    for (UpdateShard shard : records.shards()) {
      writer.sendByShard(
          Topic.UPDATES,
          serdes.updates,
          LogKeys.shard(run.id(), shard.getKind(), shard.getShard()),
          shard.getShard(),
          shard);
    }
    writer.sendByRun(Topic.SUBMISSIONS, serdes.submissions, run.id(), records.submission());
    long bytesUp = writer.bytesWritten() - before;
    long bytesDown = follower.bytesRead() - bytesDownReported;
    bytesDownReported = follower.bytesRead();
    sendMetric(
        AgentRound.newBuilder()
            .setRound(update.round())
            .setAgentId(identity.agentId())
            .setTrainSeconds(update.trainSeconds())
            .setBytesUp(bytesUp)
            .setBytesDown(bytesDown)
            .build());
    writer.commit();
    submitted = ContentDigest.of(records.submission());
    metrics.submitted(
        update.trainSeconds(), update.trainLoss(), bytesUp, bytesDown, update.round());
    metrics.computed(work.choices());
    LOG.info(
        "agent {} submitted round {}: {} bytes after {} s of training",
        identity.agentId(),
        update.round(),
        bytesUp,
        String.format(Locale.ROOT, "%.2f", update.trainSeconds()));
  }

  private void reportProgress(InitialPruningProgress progress) {
    writer.begin();
    sendMetric(progress);
    writer.commit();
  }

  private void evaluate(int round) {
    RoundEvaluated result = work.evaluate(follower.fold(), round);
    writer.begin();
    sendMetric(result);
    writer.commit();
    metrics.evaluated(result.getAccuracy(), result.getLoss());
  }

  private void sendMetric(Object event) {
    writer.sendByRun(
        Topic.METRICS,
        serdes.metrics,
        run.id(),
        MetricEntry.newBuilder().setRunId(run.id()).setEvent(event).build());
  }

  private final class Watcher implements RunFollower.Listener {

    /** The ledger names everybody who has joined before it asks them: who has this id with another key is found in time. */
    @Override
    public void agentAccepted(AgentAccepted accepted) {
      admission.check(accepted);
    }

    @Override
    public void roundOpened(RoundOpened opened) {
      open = opened;
    }

    @Override
    public void roundClosed(RoundClosed closed) {
      if (open != null && open.getParticipants().contains(identity.agentId())) {
        missing = wasSilent(closed);
      }
      open = null;
    }

    private boolean wasSilent(RoundClosed closed) {
      return closed.getRound() != RunDefinition.INITIAL_PRUNING_ROUND
          && closed.getRound() != rejectedRound
          && closed.getContributors().stream()
              .noneMatch(contributor -> contributor.getAgentId().equals(identity.agentId()));
    }

    @Override
    public void updateRejected(UpdateRejected rejected) {
      if (rejected.getAgentId().equals(identity.agentId())) {
        if (rejected.getSubmissionDigest().equals(submitted)) {
          rejectedRound = rejected.getRound();
        }
        metrics.rejected(rejected.getReason().name());
        LOG.warn(
            "agent {}: the update of round {} was rejected: {}: {}",
            identity.agentId(),
            rejected.getRound(),
            rejected.getReason(),
            rejected.getDetail());
      }
    }

    @Override
    public void folded(FoldedRound folded) {
      int round = folded.round();
      work.folded(folded);
      metrics.folded(round, follower.fold().mask().density());
      if (phase != Phase.CATCHING_UP
          && run.isEvaluated(round)
          && run.run().getEvaluation().getMode() == EvaluationMode.FEDERATED
          && data.holdOut().isPresent()) {
        evaluate(round);
      }
    }

    @Override
    public void runFinished(RunFinished event) {
      finished = true;
      open = null;
    }

    @Override
    public void ignored(IgnoredRecord record) {
      metrics.ignored(record);
    }
  }
}
