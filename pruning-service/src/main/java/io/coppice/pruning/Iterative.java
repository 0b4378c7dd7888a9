package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.pruning.DecisionRounds;
import io.coppice.learning.pruning.IterativePruning;
import io.coppice.learning.pruning.MagnitudePruning;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.TrainingRun;
import java.util.Map;
import java.util.OptionalDouble;

/** Iterative magnitude pruning ({@link IterativePruning}): the smallest weights of every layer go in 20 steps, and none returns. */
public final class Iterative implements MaskPolicy {

  @Override
  public String name() {
    return "iterative";
  }

  @Override
  public String summary() {
    return "magnitude pruning in 20 steps to a given density";
  }

  @Override
  public Inheritance inherits() {
    return Inheritance.DENSITY;
  }

  @Override
  public void check(TrainingRun run) {
    PolicyChecks.targetDensity(this, run);
    PolicyChecks.fullMask(this, run);
    IterativePruning.rounds(run.getRounds());
  }

  @Override
  public DecisionSchedule schedule(TrainingRun run) {
    DecisionRounds rounds = IterativePruning.rounds(run.getRounds());
    return new DecisionSchedule(
        rounds.first(), rounds.every(), rounds.last(), DecisionUpload.NOTHING);
  }

  @Override
  public Decider begin(RunDefinition run) {
    return this::decide;
  }

  private Decision decide(RoundOutcome round) {
    DecisionRounds rounds = round.run().decisions();
    double rate =
        IterativePruning.rate(PolicyChecks.targetDensity(this, round.run().run()), rounds.count());
    Mask mask = MagnitudePruning.prune(round.mask(), round.parameters(), rate);
    double pruning = 1 + (round.round() - rounds.first()) / rounds.every();
    return new Decision(
        mask, rate, 0, 0, "pruned", Map.of("pruning", pruning), OptionalDouble.empty());
  }
}
