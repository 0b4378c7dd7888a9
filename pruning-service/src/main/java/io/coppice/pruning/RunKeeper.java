package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.pruning.CostModel;
import io.coppice.replay.Checkpoints;
import io.coppice.replay.LogTensors;
import io.coppice.replay.ModelFold;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunFollower;
import io.coppice.replay.Submissions;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskDecisionFigures;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Topic;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one run's masks and checkpoints: folds its aggregates, and publishes what is due. What is due follows from the log
 * alone, so a successor after a crash goes on where the log ends; its transactional id is the run's, so it fences a
 * predecessor that is still alive.
 */
final class RunKeeper implements Runnable {

  private static final Logger LOG = LoggerFactory.getLogger(RunKeeper.class);
  private static final Duration POLL = Duration.ofMillis(250);

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final RunDefinition run;
  private final MaskPolicy policy;
  private final ServiceMetrics metrics;
  private volatile boolean stopped;

  private RunFollower follower;
  private TransactionalWriter writer;

  /** The folded round after which a mask is due, with what the decision needs; null if none is due. */
  private Due due;

  private boolean checkpointDue;
  private boolean finished;
  private boolean finalCheckpointWritten;

  private record Due(RoundClosed closed, float[] importance) {}

  RunKeeper(ClusterConfig cluster, LogSerdes serdes, RunDefinition run, ServiceMetrics metrics) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.run = run;
    this.policy = MaskPolicy.named(run.run().getPruning().getPolicy());
    this.metrics = metrics;
  }

  /** Makes {@link #run} return soon. */
  void stop() {
    stopped = true;
  }

  @Override
  public void run() {
    String transactionalId = cluster.topicPrefix() + "pruning-" + run.id();
    try (TransactionalWriter openWriter =
            new TransactionalWriter(cluster, transactionalId, run.id());
        RunFollower openFollower = new RunFollower(cluster, serdes, run, true, new Watcher())) {
      writer = openWriter;
      follower = openFollower;
      while (!stopped && !isDone()) {
        follower.poll(POLL);
        publishWhatIsDue();
      }
    }
  }

  private boolean isDone() {
    boolean checkpointed =
        finalCheckpointWritten || follower.newestCheckpointRound() == run.lastRound() + 1;
    return finished && due == null && checkpointed;
  }

  private void publishWhatIsDue() {
    if (!follower.hasReadHistory()) {
      return;
    }
    if (follower.fold().newestMask() == null) {
      publishInitialModel();
    } else if (due != null
        && follower.fold().newestMask().getEffectiveRound() <= due.closed.getRound()) {
      publishMask(due);
      due = null;
      checkpointDue = false;
    } else {
      due = null; // a predecessor has published that mask
      if (checkpointDue) {
        publishCheckpoint();
        checkpointDue = false;
      }
    }
  }

  private void publishInitialModel() {
    Mask full = Mask.full(run.layout());
    float[] parameters = InitialParameters.of(run.architecture(), run.run().getSeed());
    MaskPublished mask = mask(0, run.firstRound(), MaskOrigin.INITIAL, full, null, null);
    List<Long> fromStart = java.util.Collections.nCopies(writer.partitions(Topic.AGGREGATES), 0L);
    write(mask, Checkpoints.cut(run, run.firstRound(), 0, parameters, fromStart));
    LOG.info("run {}: published the initial model, {} parameters", run.id(), parameters.length);
    // The follower has nothing to fold until it reads this back; wait, lest it be published twice.
    while (!stopped && follower.fold().newestMask() == null) {
      follower.poll(POLL);
    }
  }

  private void publishMask(Due round) {
    if (round.closed.getRound() == RunDefinition.INITIAL_PRUNING_ROUND) {
      publishProposedMask(round.closed);
    } else {
      publishDecision(round);
    }
  }

  private void publishProposedMask(RoundClosed closed) {
    ModelFold fold = follower.fold();
    ByteBuffer digest = closed.getContributors().getFirst().getSubmissionDigest();
    Mask proposed = LogTensors.fromLog(run.layout(), proposedMask(digest));
    MaskPublished published =
        mask(
            fold.maskVersion() + 1,
            closed.getRound() + 1,
            MaskOrigin.INITIAL_PRUNING,
            proposed,
            null,
            null);
    write(published, checkpointUnder(published));
    metrics.maskPublished(run.id(), proposed);
    LOG.info(
        "run {}: published the mask of initial pruning, density {}", run.id(), percent(proposed));
  }

  private List<LayerMask> proposedMask(ByteBuffer submissionDigest) {
    return Submissions.since(run.since(), cluster, serdes, run).stream()
        .filter(submission -> ContentDigest.of(submission).equals(submissionDigest))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "Run "
                        + run.id()
                        + ": the submission that round -1 was closed with is not in the log."))
        .getProposedMask();
  }

  private void publishDecision(Due round) {
    ModelFold fold = follower.fold();
    int number = round.closed.getRound();
    Optional<CostCoefficients> measured =
        run.fleetQuantile().isPresent()
            ? FleetCost.of(run, Fleet.of(cluster, serdes, run))
            : Optional.empty();
    CostModel cost = measured.map(RunDefinition::cost).orElseGet(run::cost);
    long start = System.nanoTime();
    Optional<MaskPolicy.Decision> decided =
        policy.decide(run, cost, number, fold.mask(), fold.parameters(), round.importance);
    if (decided.isEmpty()) {
      throw new IllegalStateException(
          "Run "
              + run.id()
              + ": round "
              + number
              + " asked for importance, but policy "
              + policy.name()
              + " decides nothing.");
    }
    var result = decided.get().result();
    MaskDecisionFigures figures =
        MaskDecisionFigures.newBuilder()
            .setDecrease(decided.get().decrease())
            .setObjectiveBefore(result.objectiveBefore())
            .setObjectiveAfter(result.objectiveAfter())
            .setRemoved(boxed(result.removed()))
            .setRegrown(boxed(result.regrown()))
            .setStopReason(result.stopReason().name().toLowerCase(Locale.ROOT))
            .build();
    MaskPublished published =
        mask(
            fold.maskVersion() + 1,
            number + 1,
            MaskOrigin.RECONFIGURATION,
            result.mask(),
            figures,
            measured.orElse(null));
    write(published, checkpointUnder(published));
    metrics.decided(run.id(), result.mask(), System.nanoTime() - start);
    LOG.info(
        "run {} round {}: mask {} has density {} (removed {}, regrown {}; cost {})",
        run.id(),
        number,
        published.getVersion(),
        percent(result.mask()),
        Arrays.toString(result.removed()),
        Arrays.toString(result.regrown()),
        cost.name());
  }

  private void publishCheckpoint() {
    ModelFold fold = follower.fold();
    write(
        null,
        Checkpoints.cut(
            run,
            fold.nextRound(),
            fold.maskVersion(),
            fold.parameters(),
            follower.aggregatePositions()));
    finalCheckpointWritten |= fold.nextRound() == run.lastRound() + 1;
    LOG.info("run {}: published a checkpoint before round {}", run.id(), fold.nextRound());
  }

  /** The model as the round starts in which the mask takes effect. */
  private List<CheckpointShard> checkpointUnder(MaskPublished published) {
    finalCheckpointWritten |= published.getEffectiveRound() == run.lastRound() + 1;
    return Checkpoints.cut(
        run,
        published.getEffectiveRound(),
        published.getVersion(),
        follower.fold().parametersUnder(published),
        follower.aggregatePositions());
  }

  private void write(MaskPublished mask, List<CheckpointShard> checkpoint) {
    writer.begin();
    if (mask != null) {
      writer.sendByRun(Topic.MASKS, serdes.masks, run.id(), mask);
    }
    for (CheckpointShard shard : checkpoint) {
      writer.sendByShard(
          Topic.CHECKPOINTS,
          serdes.checkpoints,
          LogKeys.checkpoint(run.id(), shard.getShard()),
          shard.getShard(),
          shard);
    }
    writer.commit();
  }

  private MaskPublished mask(
      int version,
      int effectiveRound,
      MaskOrigin origin,
      Mask mask,
      MaskDecisionFigures figures,
      CostCoefficients cost) {
    MaskPublished published =
        MaskPublished.newBuilder()
            .setRunId(run.id())
            .setVersion(version)
            .setEffectiveRound(effectiveRound)
            .setOrigin(origin)
            .setLayers(LogTensors.toLog(mask))
            .setActiveParameters(mask.activeParameters())
            .setDensity(mask.density())
            .setDecision(figures)
            .setCost(cost)
            .setDigest(ByteBuffer.allocate(0))
            .build();
    published.setDigest(ContentDigest.of(published));
    return published;
  }

  private static List<Integer> boxed(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  private static String percent(Mask mask) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * mask.density());
  }

  private final class Watcher implements RunFollower.Listener {

    @Override
    public void folded(int round, RoundClosed closed, float[] importance) {
      metrics.folded(run.id(), round);
      if (closed.getImportance() || round == RunDefinition.INITIAL_PRUNING_ROUND) {
        due = new Due(closed, importance);
      }
      if ((round + 1) % run.run().getCheckpointEvery() == 0 || round == run.lastRound()) {
        checkpointDue = true;
      }
    }

    @Override
    public void runFinished(RunFinished event) {
      finished = true;
    }
  }
}
