package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.pruning.CostModel;
import io.coppice.replay.Checkpoints;
import io.coppice.replay.FoldDetail;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.IgnoredRecord;
import io.coppice.replay.LogTensors;
import io.coppice.replay.ModelFold;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunFollower;
import io.coppice.replay.RunFollower.Start;
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
import io.coppice.schemas.RunContext;
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

  /** A new mask comes without a checkpoint where the last one is not older than this many rounds, or than the run says. */
  private static final int CHECKPOINT_DISTANCE = 10;

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final RunDefinition run;
  private final Decider decider;
  private final ServiceMetrics metrics;
  private final CatchingUp catchingUp;
  private volatile boolean stopped;

  private RunFollower follower;
  private TransactionalWriter writer;

  /** What is to be published after a folded round; null if nothing is. */
  private Due due;

  private boolean checkpointDue;
  private int newestCheckpointRound = Integer.MIN_VALUE;
  private boolean finished;
  private long bytesUpShown;
  private long bytesDownShown;

  /**
   * @param decision the policy's; null where initial pruning has proposed the mask
   * @param cost what it was decided with where that was measured, else null
   */
  private record Due(RoundClosed closed, Decision decision, CostCoefficients cost) {}

  RunKeeper(
      ClusterConfig cluster,
      LogSerdes serdes,
      RunDefinition run,
      ServiceMetrics metrics,
      CatchingUp catchingUp) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.run = run;
    this.decider = MaskPolicy.named(run.run().getPruning().getPolicy()).begin(run);
    this.metrics = metrics;
    this.catchingUp = catchingUp;
  }

  /** Makes {@link #run} return soon. */
  void stop() {
    stopped = true;
  }

  @Override
  public void run() {
    try (CatchingUp.Place place = catchingUp.take(() -> stopped)) {
      if (place.isHeld()) {
        keep(place);
      }
    }
  }

  private void keep(CatchingUp.Place place) {
    String transactionalId = cluster.topicPrefix() + "pruning-" + run.id();
    try (TransactionalWriter openWriter =
            new TransactionalWriter(cluster, transactionalId, run.id());
        RunFollower openFollower =
            new RunFollower(cluster, serdes, run, FoldDetail.DECISIONS, start(), new Watcher())) {
      writer = openWriter;
      follower = openFollower;
      while (!stopped && !isDone()) {
        follower.poll(POLL);
        if (follower.hasReadHistory()) {
          place.close();
        }
        publishWhatIsDue();
        showTraffic();
      }
    }
  }

  private void showTraffic() {
    long up = writer.bytesWritten();
    long down = follower.bytesRead();
    metrics.traffic(run.id(), follower.lag(), up - bytesUpShown, down - bytesDownShown);
    bytesUpShown = up;
    bytesDownShown = down;
    if (follower.fold().hasModel()) {
      metrics.folded(run.id(), follower.fold().nextRound() - 1);
    }
  }

  /** A decider that remembers is given the run from its first round on, as long as it has anything left to decide. */
  private Start start() {
    return decider.remembers() && !isBehindLastDecision()
        ? Start.INITIAL_MODEL
        : Start.NEWEST_CHECKPOINT;
  }

  /** A checkpoint behind the last decision is written with that mask, or after it. */
  private boolean isBehindLastDecision() {
    return Checkpoints.newest(cluster, serdes, run)
        .filter(checkpoint -> checkpoint.round() > run.decisions().last())
        .isPresent();
  }

  private boolean isDone() {
    return finished && due == null && newestCheckpointRound() == run.lastRound() + 1;
  }

  private int newestCheckpointRound() {
    return Math.max(newestCheckpointRound, follower.newestCheckpointRound());
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
    } else {
      due = null; // a predecessor has published that mask
      if (checkpointDue) {
        publishCheckpoint();
      }
    }
  }

  private void publishInitialModel() {
    float[] parameters = run.initialParameters();
    Mask initial = InitialMask.of(cluster, serdes, run);
    MaskPublished mask = mask(0, run.firstRound(), MaskOrigin.INITIAL, initial, null, null);
    List<Long> fromStart = java.util.Collections.nCopies(writer.partitions(Topic.AGGREGATES), 0L);
    write(mask, Checkpoints.cut(run, run.firstRound(), 0, parameters, fromStart));
    LOG.info(
        "run {}: published the initial model, {} parameters, density {}",
        run.id(),
        parameters.length,
        percent(initial));
    // The follower has nothing to fold until it reads this back; wait, lest it be published twice.
    while (!stopped && follower.fold().newestMask() == null) {
      follower.poll(POLL);
    }
  }

  private void publishMask(Due round) {
    try (RunContext _ = RunContext.of(run.id(), round.closed.getRound())) {
      publish(round);
    }
  }

  private void publish(Due round) {
    if (round.decision == null) {
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

  private Due decide(FoldedRound round) {
    MaskPublished published = follower.fold().mask(follower.fold().maskVersion() + 1);
    if (published != null && !decider.remembers()) {
      return null;
    }
    Optional<CostCoefficients> measured =
        published == null && run.fleetQuantile().isPresent()
            ? FleetCost.of(run, Fleet.of(cluster, serdes, run))
            : Optional.empty();
    CostModel cost =
        published != null
            ? run.cost(published)
            : measured.map(RunDefinition::cost).orElseGet(run::cost);
    long start = System.nanoTime();
    Decision decision =
        decider.decide(RoundOutcome.of(run, cost, round, follower.fold().parameters()));
    metrics.decided(run.id(), System.nanoTime() - start);
    return published != null ? null : new Due(round.closed(), decision, measured.orElse(null));
  }

  private void publishDecision(Due round) {
    ModelFold fold = follower.fold();
    Mask mask = round.decision.mask();
    int[] removed = fold.mask().grownSince(mask);
    int[] regrown = mask.grownSince(fold.mask());
    MaskDecisionFigures figures =
        MaskDecisionFigures.newBuilder()
            .setDecrease(round.decision.decrease())
            .setObjectiveBefore(round.decision.objectiveBefore())
            .setObjectiveAfter(round.decision.objectiveAfter())
            .setRemoved(boxed(removed))
            .setRegrown(boxed(regrown))
            .setStopReason(round.decision.stopReason())
            .build();
    int number = round.closed.getRound();
    MaskPublished published =
        mask(fold.maskVersion() + 1, number + 1, MaskOrigin.RECONFIGURATION, mask, figures, round);
    write(published, needsCheckpoint(number + 1) ? checkpointUnder(published) : List.of());
    LOG.info(
        "run {} round {}: mask {} has density {} (removed {}, regrown {}; {})",
        run.id(),
        number,
        published.getVersion(),
        percent(mask),
        Arrays.toString(removed),
        Arrays.toString(regrown),
        round.decision.stopReason());
  }

  private boolean needsCheckpoint(int round) {
    int distance = Math.min(CHECKPOINT_DISTANCE, run.run().getCheckpointEvery());
    return round > run.lastRound() || round - newestCheckpointRound() >= distance;
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
    LOG.info("run {}: published a checkpoint before round {}", run.id(), fold.nextRound());
  }

  /** The model as the round starts in which the mask takes effect. */
  private List<CheckpointShard> checkpointUnder(MaskPublished published) {
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
    if (!checkpoint.isEmpty()) {
      newestCheckpointRound = Math.max(newestCheckpointRound, checkpoint.getFirst().getRound());
      checkpointDue = false;
    }
  }

  private MaskPublished mask(
      int version,
      int effectiveRound,
      MaskOrigin origin,
      Mask mask,
      MaskDecisionFigures figures,
      Due round) {
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
            .setCost(round == null ? null : round.cost)
            .setFigures(round == null ? List.of() : round.decision.toLog())
            .setProbeDensity(probeDensity(round))
            .setDigest(ByteBuffer.allocate(0))
            .build();
    published.setDigest(ContentDigest.of(published));
    return published;
  }

  private static Double probeDensity(Due round) {
    return round == null || round.decision.probeDensity().isEmpty()
        ? null
        : round.decision.probeDensity().getAsDouble();
  }

  private static List<Integer> boxed(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  private static String percent(Mask mask) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * mask.density());
  }

  private final class Watcher implements RunFollower.Listener {

    @Override
    public void maskPublished(MaskPublished published) {
      metrics.published(
          run.id(),
          published.getVersion(),
          LogTensors.fromLog(run.layout(), published.getLayers()));
    }

    @Override
    public void roundClosed(RoundClosed closed) {
      metrics.closed(run.id(), closed.getRound());
    }

    @Override
    public void folded(FoldedRound folded) {
      try (RunContext _ = RunContext.of(run.id(), folded.round())) {
        take(folded);
      }
    }

    private void take(FoldedRound folded) {
      int round = folded.round();
      if (round == RunDefinition.INITIAL_PRUNING_ROUND) {
        due = new Due(folded.closed(), null, null);
      } else if (run.newMaskAfter(round)) {
        due = decide(folded);
      }
      if ((round + 1) % run.run().getCheckpointEvery() == 0 || round == run.lastRound()) {
        checkpointDue = true;
      }
    }

    @Override
    public void runFinished(RunFinished event) {
      finished = true;
      LOG.info("run {} is finished", run.id());
    }

    @Override
    public void ignored(IgnoredRecord record) {
      metrics.ignored(record);
    }
  }
}
