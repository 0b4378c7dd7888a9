package io.coppice.console.audit;

import io.coppice.learning.model.Mask;
import io.coppice.pruning.Decider;
import io.coppice.pruning.Decision;
import io.coppice.pruning.InitialMask;
import io.coppice.pruning.MaskPolicy;
import io.coppice.pruning.RoundOutcome;
import io.coppice.replay.FoldDetail;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.LogReader;
import io.coppice.replay.LogReader.Entry;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunFollower;
import io.coppice.replay.Submissions;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * Replays a run from its first record and recomputes what was decided: the chain of closed rounds, every aggregate from the
 * updates that it names, every mask from the folded model and importance. The arithmetic is that of the services themselves.
 */
public final class RunVerifier {

  private static final Duration POLL = Duration.ofMillis(250);

  /**
   * What was recomputed.
   *
   * @param rounds closed rounds
   * @param updates admitted updates
   * @param aggregates shards of aggregates and of importance
   * @param masks masks that were decided
   * @param updateBytes bytes of the updates that were summed
   */
  public record Verified(int rounds, int updates, int aggregates, int masks, long updateBytes) {}

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final RunDefinition run;

  private final TreeMap<Integer, RoundClosed> closed = new TreeMap<>();
  private final TreeMap<Integer, MaskPublished> masks = new TreeMap<>();
  private boolean finished;

  public RunVerifier(ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.run = run;
  }

  /**
   * Verifies all that the log holds of the run now.
   *
   * @throws Violation naming the first record that does not hold
   */
  public Verified verify() {
    readLedger();
    Map<ByteBuffer, UpdateSubmitted> submissions = readSubmissions();
    int updates = checkContributors(submissions);
    AggregateVerifier aggregates = new AggregateVerifier(cluster, serdes, run, closed);
    aggregates.verify(Topic.AGGREGATES);
    aggregates.verify(Topic.IMPORTANCE);
    checkInitialMask();
    checkProposedMask(submissions);
    int decided = verifyMasks();
    return new Verified(
        closed.size(), updates, aggregates.shards(), decided, aggregates.updateBytes());
  }

  private void readLedger() {
    ByteBuffer previous = ByteBuffer.allocate(0);
    try (LogReader reader = new LogReader(cluster)) {
      int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.ROUNDS));
      reader.followSince(Topic.ROUNDS, partition, run.since());
      reader.followSince(Topic.MASKS, partition, run.since());
      while (!reader.hasReachedEnd()) {
        for (Entry entry : reader.poll(POLL)) {
          if (!run.id().equals(entry.key())) {
            continue;
          }
          if (entry.topic() == Topic.MASKS) {
            takeMask(entry);
          } else if (serdes.rounds.deserialize(entry.topic().suffix(), entry.value()).getEvent()
              instanceof RoundClosed round) {
            checkChain(entry, round, previous);
            previous = round.getDigest();
            closed.put(round.getRound(), round);
          } else if (serdes.rounds.deserialize(entry.topic().suffix(), entry.value()).getEvent()
              instanceof RunFinished) {
            finished = true;
          }
        }
      }
    }
    if (finished && (closed.isEmpty() || closed.lastKey() != run.lastRound())) {
      throw new Violation(
          "The ledger ends before round " + run.lastRound() + " although the run is finished.");
    }
  }

  private void checkChain(Entry entry, RoundClosed round, ByteBuffer previous) {
    int expected = closed.isEmpty() ? run.firstRound() : closed.lastKey() + 1;
    if (round.getRound() != expected) {
      throw Violation.at(
          entry, "round " + round.getRound() + " is closed where round " + expected + " is due.");
    }
    if (!round.getPreviousDigest().equals(previous)) {
      throw Violation.at(
          entry,
          "previousDigest of round " + round.getRound() + " is not its predecessor's digest.");
    }
    if (!round.getDigest().equals(ContentDigest.of(run.id(), round))) {
      throw Violation.at(
          entry, "digest of round " + round.getRound() + " is not that of its content.");
    }
  }

  private void takeMask(Entry entry) {
    MaskPublished mask = serdes.masks.deserialize(entry.topic().suffix(), entry.value());
    if (!mask.getDigest().equals(ContentDigest.of(mask))) {
      throw Violation.at(
          entry, "digest of mask " + mask.getVersion() + " is not that of its content.");
    }
    if (mask.getVersion() != masks.size()) {
      throw Violation.at(
          entry,
          "mask " + mask.getVersion() + " is published where mask " + masks.size() + " is due.");
    }
    checkCost(entry, mask);
    checkPlace(entry, mask);
    masks.put(mask.getVersion(), mask);
  }

  /** A mask is published where the definition has one, and nowhere else: whoever slips in another changes the model. */
  private void checkPlace(Entry entry, MaskPublished mask) {
    int round = mask.getEffectiveRound();
    MaskOrigin due =
        masks.isEmpty()
            ? MaskOrigin.INITIAL
            : round == 0 ? MaskOrigin.INITIAL_PRUNING : MaskOrigin.RECONFIGURATION;
    boolean inPlace =
        masks.isEmpty()
            ? round == run.firstRound()
            : round > masks.lastEntry().getValue().getEffectiveRound()
                && round <= run.lastRound() + 1
                && run.newMaskAfter(round - 1);
    if (!inPlace || mask.getOrigin() != due) {
      throw Violation.at(
          entry,
          String.format(
              "mask %d (%s) takes effect in round %d, where the run has none due.",
              mask.getVersion(), mask.getOrigin(), round));
    }
  }

  /** What the agents have measured is theirs to say; that it is asked for, and of which quantile, is the run's. */
  private void checkCost(Entry entry, MaskPublished mask) {
    CostCoefficients cost = mask.getCost();
    if (cost == null) {
      return;
    }
    boolean asked =
        run.fleetQuantile().isPresent()
            && Double.valueOf(run.fleetQuantile().getAsDouble()).equals(cost.getFleetQuantile());
    if (!asked || mask.getOrigin() != MaskOrigin.RECONFIGURATION) {
      throw Violation.at(
          entry,
          String.format(
              "mask %d has a cost of its own (%s), which the run does not ask for.",
              mask.getVersion(), cost.getName()));
    }
  }

  private Map<ByteBuffer, UpdateSubmitted> readSubmissions() {
    Map<ByteBuffer, UpdateSubmitted> submissions = new HashMap<>();
    for (UpdateSubmitted submission : Submissions.since(run.since(), cluster, serdes, run)) {
      submissions.put(ContentDigest.of(submission), submission);
    }
    return submissions;
  }

  private int checkContributors(Map<ByteBuffer, UpdateSubmitted> submissions) {
    int count = 0;
    for (RoundClosed round : closed.values()) {
      for (Contributor contributor : round.getContributors()) {
        UpdateSubmitted submission = submissions.get(contributor.getSubmissionDigest());
        if (submission == null
            || submission.getRound() != round.getRound()
            || !submission.getAgentId().equals(contributor.getAgentId())
            || submission.getWeight() != contributor.getWeight()) {
          throw new Violation(
              String.format(
                  "Round %d names a contribution of %s with weight %d that is not in submissions.",
                  round.getRound(), contributor.getAgentId(), contributor.getWeight()));
        }
        count++;
      }
    }
    return count;
  }

  private int verifyMasks() {
    MaskWatcher watcher = new MaskWatcher();
    try (RunFollower follower =
        new RunFollower(
            cluster, serdes, run, FoldDetail.DECISIONS, RunFollower.Start.INITIAL_MODEL, watcher)) {
      watcher.follower = follower;
      int last = closed.isEmpty() ? run.firstRound() - 1 : closed.lastKey();
      while (!follower.fold().hasModel() || follower.fold().nextRound() <= last) {
        follower.poll(POLL);
        if (follower.isCaughtUp() && follower.fold().nextRound() <= last) {
          throw new Violation(
              "Round "
                  + follower.fold().nextRound()
                  + " is closed but its aggregate is not complete.");
        }
      }
    }
    return watcher.recomputed;
  }

  private final class MaskWatcher implements RunFollower.Listener {
    private final Decider decider = policy().begin(run);
    private RunFollower follower;
    private int recomputed;

    @Override
    public void folded(FoldedRound folded) {
      int round = folded.round();
      if (!run.decisions().contains(round)) {
        return;
      }
      Optional<MaskPublished> published =
          masks.values().stream().filter(m -> m.getEffectiveRound() == round + 1).findFirst();
      if (published.isEmpty()) {
        if (closed.containsKey(round + 1)) {
          throw new Violation(
              "A mask is due after round " + round + ", but none takes effect after it.");
        }
        return;
      }
      compare(
          published.get(),
          decider.decide(
              RoundOutcome.of(
                  run, run.cost(published.get()), folded, follower.fold().parameters())),
          round);
      recomputed++;
    }

    private void compare(MaskPublished published, Decision decided, int round) {
      Double probe = published.getProbeDensity();
      boolean same =
          decided.mask().equals(LogTensors.fromLog(run.layout(), published.getLayers()))
              && decided
                  .probeDensity()
                  .equals(probe == null ? OptionalDouble.empty() : OptionalDouble.of(probe))
              && decided.toLog().equals(published.getFigures());
      if (!same) {
        throw new Violation(
            "Mask "
                + published.getVersion()
                + " is not what policy "
                + run.run().getPruning().getPolicy()
                + " decides after round "
                + round
                + ".");
      }
    }
  }

  /** The mask that the run starts from is that of its policy, or of the run that its definition names. */
  private void checkInitialMask() {
    MaskPublished first = masks.get(0);
    if (first == null) {
      return;
    }
    StartMask start = run.run().getStart();
    Mask due = InitialMask.of(cluster, serdes, run);
    if (!due.equals(LogTensors.fromLog(run.layout(), first.getLayers()))) {
      throw new Violation(
          "Mask 0 is not the one that "
              + (start == null
                  ? "policy " + policy().name() + " starts from."
                  : "the run starts from, mask "
                      + start.getVersion()
                      + " of run "
                      + start.getRunId()
                      + "."));
    }
  }

  /** The mask after initial pruning is the one that the round's contributor has proposed. */
  private void checkProposedMask(Map<ByteBuffer, UpdateSubmitted> submissions) {
    RoundClosed round = closed.get(RunDefinition.INITIAL_PRUNING_ROUND);
    MaskPublished published = masks.get(1);
    if (round == null || published == null) {
      return;
    }
    Contributor contributor = round.getContributors().getFirst();
    Mask proposed =
        LogTensors.fromLog(
            run.layout(), submissions.get(contributor.getSubmissionDigest()).getProposedMask());
    if (!proposed.equals(LogTensors.fromLog(run.layout(), published.getLayers()))) {
      throw new Violation(
          "Mask 1 is not the one that "
              + contributor.getAgentId()
              + " has proposed in initial pruning.");
    }
  }

  private MaskPolicy policy() {
    return MaskPolicy.named(run.run().getPruning().getPolicy());
  }
}
