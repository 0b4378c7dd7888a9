package io.coppice.pruning;

import io.coppice.learning.pruning.DecisionRounds;
import io.coppice.learning.pruning.MaskDecision;
import io.coppice.learning.pruning.ReconfigurationSchedule;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.TrainingRun;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Adaptive pruning (PruneFL): keep the weights whose importance per second of round time is highest, and offer
 * only the smallest ones of each layer for removal, ever fewer as training goes on.
 */
public final class PruneFl implements MaskPolicy {

  @Override
  public String name() {
    return "prunefl";
  }

  @Override
  public String summary() {
    return "adaptive pruning by importance per second of round time";
  }

  @Override
  public void check(TrainingRun run) {
    Double max = run.getPruning().getMaxDensity();
    Double target = run.getPruning().getTargetDensity();
    if (target != null && (max == null || target > max)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "The bound on the density moves from the maximum density to the target density, so it needs"
                  + " both, and a target of at most the maximum: they are %s and %s.",
              max == null ? "none" : max,
              target));
    }
  }

  @Override
  public DecisionSchedule schedule(TrainingRun run) {
    DecisionRounds rounds =
        ReconfigurationSchedule.adaptive(
            run.getEvaluation().getEvery(),
            run.getPruning().getReconfigureEvery(),
            run.getRounds() - 1);
    return new DecisionSchedule(
        rounds.first(), rounds.every(), rounds.last(), DecisionUpload.IMPORTANCE);
  }

  @Override
  public Decider begin(RunDefinition run) {
    return PruneFl::decide;
  }

  private static Decision decide(RoundOutcome round) {
    TrainingRun run = round.run().run();
    PruningPolicy policy = run.getPruning();
    double decrease =
        ReconfigurationSchedule.decrease(
            round.round(), policy.getMaxDecrease(), policy.getHalfLife());
    OptionalDouble bound = bound(policy, round.round(), run.getRounds());
    MaskDecision.Result result =
        MaskDecision.decide(
            round.mask(), round.parameters(), round.upload(), round.cost(), decrease, bound);
    return new Decision(
        result.mask(),
        decrease,
        result.objectiveBefore(),
        result.objectiveAfter(),
        result.stopReason().name().toLowerCase(Locale.ROOT),
        bound.isPresent() ? Map.of("bound", bound.getAsDouble()) : Map.of(),
        OptionalDouble.empty());
  }

  /** The density that growth may reach: the maximum, or on the line from there to the target in the run's last round. */
  static OptionalDouble bound(PruningPolicy policy, int round, int rounds) {
    if (policy.getMaxDensity() == null) {
      return OptionalDouble.empty();
    }
    double max = policy.getMaxDensity();
    double target = policy.getTargetDensity() == null ? max : policy.getTargetDensity();
    return OptionalDouble.of(max + (target - max) / rounds * round);
  }
}
