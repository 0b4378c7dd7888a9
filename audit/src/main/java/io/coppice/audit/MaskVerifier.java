package io.coppice.audit;

import io.coppice.learning.model.Mask;
import io.coppice.pruning.Decider;
import io.coppice.pruning.Decision;
import io.coppice.pruning.InitialMask;
import io.coppice.pruning.MaskPolicy;
import io.coppice.pruning.RoundOutcome;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.LogRecord;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskDecisionFigures;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.Topic;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/** Reads the masks of a run one after the other, and decides each of them again. */
final class MaskVerifier implements AutoCloseable {

  private final EvidenceSource source;
  private final RunDefinition run;
  private final int partition;
  private final PeekingCursor masks;

  private MaskPolicy policy;
  private Decider decider;
  private LogRecord record;
  private MaskPublished published;
  private Mask mask;

  MaskVerifier(EvidenceSource source, RunDefinition run) {
    this.source = source;
    this.run = run;
    this.partition = LogKeys.runPartition(run.id(), source.partitions(Topic.MASKS));
    this.masks = new PeekingCursor(source.read(run, Topic.MASKS, partition));
  }

  /** The newest mask that was read. */
  MaskPublished published() {
    return published;
  }

  /**
   * Reads the mask that the run starts from.
   *
   * @throws Pending if there is none (yet)
   * @throws Violation if it is not the one that the definition says
   * @throws IllegalArgumentException if the run's policy is unknown here
   */
  void readInitial() {
    policy = MaskPolicy.named(run.run().getPruning().getPolicy());
    decider = policy.begin(run);
    read(run.firstRound(), MaskOrigin.INITIAL);
    StartMask start = run.run().getStart();
    Mask due =
        InitialMask.of(
            run,
            named ->
                source
                    .startMask(named)
                    .orElseThrow(
                        () ->
                            Violation.missing(
                                Topic.MASKS,
                                partition,
                                String.format(
                                    "mask %d of run %s, which the run starts from, is not in the log.",
                                    named.getVersion(), named.getRunId()))));
    compare(
        due,
        start == null
            ? "policy " + policy.name() + " starts from"
            : "the run starts from, mask " + start.getVersion() + " of run " + start.getRunId());
  }

  /**
   * Reads the next mask.
   *
   * @param effectiveRound the round that it takes effect in
   * @throws Pending if there is none (yet)
   * @throws Violation if it is not fit to be used, or has no place there
   */
  void read(int effectiveRound, MaskOrigin origin) {
    Optional<LogRecord> next = masks.next();
    if (next.isEmpty()) {
      throw new Pending(
          Violation.missing(
              Topic.MASKS,
              partition,
              "a mask is due for round " + effectiveRound + ", but there is none."));
    }
    MaskPublished found = PeekingCursor.value(next.get(), MaskPublished.class);
    int version = published == null ? 0 : published.getVersion() + 1;
    if (!found.getDigest().equals(ContentDigest.of(found))) {
      throw Violation.at(next.get(), "digest", "it is not that of the content.");
    }
    if (found.getVersion() != version || !found.getRunId().equals(run.id())) {
      throw Violation.at(
          next.get(),
          "version",
          "mask " + found.getVersion() + " stands where mask " + version + " is due.");
    }
    if (found.getEffectiveRound() != effectiveRound || found.getOrigin() != origin) {
      throw Violation.at(
          next.get(),
          "effectiveRound",
          String.format(
              "mask %d (%s) takes effect in round %d, where the next that is due (%s) does in round %d.",
              version, found.getOrigin(), found.getEffectiveRound(), origin, effectiveRound));
    }
    record = next.get();
    published = found;
    mask = decode(found.getLayers());
    checkFigures();
  }

  private Mask decode(List<LayerMask> layers) {
    try {
      return LogTensors.fromLog(run.layout(), layers);
    } catch (IllegalArgumentException e) {
      throw Violation.at(record, "layers", e.getMessage());
    }
  }

  private void checkFigures() {
    if (published.getActiveParameters() != mask.activeParameters()
        || published.getDensity() != mask.density()) {
      throw Violation.at(
          record, "activeParameters", "they, or the density, are not those of the mask's bitmaps.");
    }
    boolean decided = published.getOrigin() == MaskOrigin.RECONFIGURATION;
    if (decided != (published.getDecision() != null)) {
      throw Violation.at(
          record, "decision", "a mask has one if its origin is RECONFIGURATION, and else none.");
    }
    CostCoefficients cost = published.getCost();
    if (cost == null) {
      return;
    }
    boolean asked =
        run.fleetQuantile().isPresent()
            && Objects.equals(run.fleetQuantile().getAsDouble(), cost.getFleetQuantile())
            && cost.getComputationSecondsPerWeight().size() == run.layout().prunable().size();
    if (!asked || !decided) {
      throw Violation.at(
          record,
          "cost",
          "the mask has a cost of its own ("
              + cost.getName()
              + "), which the run does not ask for.");
    }
  }

  /**
   * Decides the newest mask again.
   *
   * @param round the round that it was decided after
   * @param parameters the model after the round
   * @throws Violation if the decision is another one
   */
  void verifyDecision(FoldedRound round, float[] parameters) {
    Decision decision =
        decider.decide(RoundOutcome.of(run, run.cost(published), round, parameters));
    compare(
        decision.mask(), "policy " + policy.name() + " decides on after round " + round.round());
    MaskDecisionFigures figures = published.getDecision();
    same("decision.decrease", figures.getDecrease(), decision.decrease());
    same("decision.objectiveBefore", figures.getObjectiveBefore(), decision.objectiveBefore());
    same("decision.objectiveAfter", figures.getObjectiveAfter(), decision.objectiveAfter());
    same("decision.removed", figures.getRemoved(), boxed(round.mask().grownSince(mask)));
    same("decision.regrown", figures.getRegrown(), boxed(mask.grownSince(round.mask())));
    same("decision.stopReason", figures.getStopReason(), decision.stopReason());
    same("figures", published.getFigures(), decision.toLog());
    Double probe = published.getProbeDensity();
    same(
        "probeDensity",
        probe == null ? OptionalDouble.empty() : OptionalDouble.of(probe),
        decision.probeDensity());
  }

  /**
   * Compares the newest mask, that of initial pruning, with what its contributor has proposed.
   *
   * @throws Violation if it is another one
   */
  void verifyProposed(String agentId, List<LayerMask> proposed) {
    compare(decode(proposed), "agent " + agentId + " has proposed in initial pruning");
  }

  private void compare(Mask due, String what) {
    for (int l = 0; l < run.layout().prunable().size(); l++) {
      int weight = firstDifference(due.bitmap(l), mask.bitmap(l));
      if (weight >= 0) {
        throw Violation.at(
            record,
            "layers[" + l + "].bitmap",
            String.format(
                "weight %d of layer %s is not as in the mask that %s.",
                weight, run.layout().prunable().get(l).layer(), what));
      }
    }
  }

  private static int firstDifference(byte[] one, byte[] other) {
    int at = Arrays.mismatch(one, other);
    return at < 0 ? -1 : 8 * at + Integer.numberOfTrailingZeros((one[at] ^ other[at]) & 0xff);
  }

  private void same(String field, Object found, Object due) {
    if (!found.equals(due)) {
      throw Violation.at(
          record, field, "it is " + found + ", but the decision taken again gives " + due + ".");
    }
  }

  private static List<Integer> boxed(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  /**
   * Checks that there are no masks behind those that were verified.
   *
   * @throws Violation at the first
   */
  void checkEnd() {
    Optional<LogRecord> more = masks.peek();
    if (more.isPresent()) {
      throw Violation.at(more.get(), "", "no further mask is due in the run.");
    }
  }

  @Override
  public void close() {
    masks.close();
  }
}
