package io.coppice.pruning.example;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.random.SplitMix64;
import io.coppice.pruning.Decider;
import io.coppice.pruning.Decision;
import io.coppice.pruning.Inheritance;
import io.coppice.pruning.MaskPolicy;
import io.coppice.pruning.RoundOutcome;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.TrainingRun;

/** Random weights, others every so often: what a policy that looks at the model has to be better than. */
public final class RandomSparse implements MaskPolicy {

  @Override
  public String name() {
    return "random-sparse";
  }

  @Override
  public String summary() {
    return "random weights of a given density, drawn anew at every reconfiguration";
  }

  /** The density: --density, or in a comparison that of the run of prunefl. */
  @Override
  public Inheritance inherits() {
    return Inheritance.DENSITY;
  }

  @Override
  public void check(TrainingRun run) {
    if (run.getPruning().getTargetDensity() == null) {
      throw new IllegalArgumentException("Policy random-sparse needs a target density.");
    }
  }

  @Override
  public DecisionSchedule schedule(TrainingRun run) {
    int every = run.getPruning().getReconfigureEvery();
    return new DecisionSchedule(every, every, run.getRounds() - 1, DecisionUpload.NOTHING);
  }

  @Override
  public Mask initialMask(RunDefinition run, float[] parameters) {
    return draw(run, RunDefinition.INITIAL_PRUNING_ROUND);
  }

  @Override
  public Decider begin(RunDefinition run) {
    return RandomSparse::decide;
  }

  private static Decision decide(RoundOutcome round) {
    return Decision.of(draw(round.run(), round.round()), "drawn");
  }

  /** A function of the definition and the round alone: whoever replays the log draws the same mask. */
  private static Mask draw(RunDefinition run, int round) {
    return RandomMask.of(
        run.layout(),
        run.run().getPruning().getTargetDensity(),
        SplitMix64.seed(run.run().getSeed(), SplitMix64.seed("random-sparse"), round));
  }
}
