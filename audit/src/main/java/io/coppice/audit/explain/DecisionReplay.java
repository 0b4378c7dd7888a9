package io.coppice.audit.explain;

import io.coppice.learning.model.Mask;
import io.coppice.pruning.Decider;
import io.coppice.pruning.Decision;
import io.coppice.pruning.MaskPolicy;
import io.coppice.pruning.RoundOutcome;
import io.coppice.replay.FoldDetail;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.MaskDecisionFigures;
import io.coppice.schemas.MaskPublished;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;

/**
 * Decides the mask after a round again, as the pruning service has: from the folded model and what agents have uploaded, with the
 * run's own policy, which is given all earlier rounds that it remembers.
 */
final class DecisionReplay {

  private final RunDefinition run;
  private final int round;
  private final Decider decider;
  private EvidenceFold fold;
  private RoundOutcome outcome;
  private Decision decision;

  private DecisionReplay(RunDefinition run, int round) {
    this.run = run;
    this.round = round;
    this.decider = MaskPolicy.named(run.run().getPruning().getPolicy()).begin(run);
  }

  /**
   * A decision made again, and what it was made from.
   *
   * @param outcome the round, with its model and uploads
   */
  record Decided(RoundOutcome outcome, Decision decision) {}

  /**
   * Decides again.
   *
   * @param round after which the run's definition has a mask decided
   * @throws IllegalStateException if the log does not lead to the round
   * @throws IllegalArgumentException if there is no such policy, or what the log leads to is nothing that it can decide upon
   */
  static Decided decide(RunTopics topics, int round) {
    DecisionReplay replay = new DecisionReplay(topics.run(), round);
    try (EvidenceFold fold = new EvidenceFold(topics, FoldDetail.DECISIONS, replay::folded)) {
      replay.fold = fold;
      fold.through(round);
      return new Decided(replay.outcome, replay.decision);
    }
  }

  private void folded(FoldedRound folded) {
    boolean wanted = folded.round() == round || decider.remembers();
    if (!wanted || !run.decisions().contains(folded.round())) {
      return;
    }
    var cost = fold.followingMask().map(run::cost).orElseGet(run::cost);
    RoundOutcome seen = RoundOutcome.of(run, cost, folded, fold.model().parameters());
    Decision made = decider.decide(seen);
    if (folded.round() == round) {
      outcome = seen;
      decision = made;
    }
  }

  /**
   * Compares what is published with what is decided.
   *
   * @param before the mask in force in the round
   */
  static Recomputation compare(MaskPublished published, Mask before, Decision decided) {
    List<String> differences = new ArrayList<>();
    if (!LogTensors.toLog(decided.mask()).equals(published.getLayers())) {
      differences.add("layers");
    }
    compare(published.getDecision(), figures(decided, before), differences);
    if (!decided.toLog().equals(published.getFigures())) {
      differences.add("figures");
    }
    OptionalDouble probe =
        published.getProbeDensity() == null
            ? OptionalDouble.empty()
            : OptionalDouble.of(published.getProbeDensity());
    if (!decided.probeDensity().equals(probe)) {
      differences.add("probeDensity");
    }
    return Recomputation.of(differences);
  }

  private static void compare(
      MaskDecisionFigures published, MaskDecisionFigures decided, List<String> differences) {
    if (published == null) {
      differences.add("decision");
      return;
    }
    for (var field : MaskDecisionFigures.getClassSchema().getFields()) {
      if (!Objects.equals(published.get(field.pos()), decided.get(field.pos()))) {
        differences.add("decision." + field.name());
      }
    }
  }

  private static MaskDecisionFigures figures(Decision decided, Mask before) {
    return MaskDecisionFigures.newBuilder()
        .setDecrease(decided.decrease())
        .setObjectiveBefore(decided.objectiveBefore())
        .setObjectiveAfter(decided.objectiveAfter())
        .setRemoved(Arrays.stream(before.grownSince(decided.mask())).boxed().toList())
        .setRegrown(Arrays.stream(decided.mask().grownSince(before)).boxed().toList())
        .setStopReason(decided.stopReason())
        .build();
  }
}
