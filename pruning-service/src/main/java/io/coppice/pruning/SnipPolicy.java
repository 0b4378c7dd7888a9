package io.coppice.pruning;

import io.coppice.learning.pruning.Snip;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.TrainingRun;

/** Pruning once, by connection sensitivity, after an ordinary round 0 ({@link Snip}); the mask is fixed from then on. */
public final class SnipPolicy implements MaskPolicy {

  @Override
  public String name() {
    return "snip";
  }

  @Override
  public String summary() {
    return "pruning once after round 0, by connection sensitivity";
  }

  @Override
  public Inheritance inherits() {
    return Inheritance.DENSITY;
  }

  @Override
  public void check(TrainingRun run) {
    PolicyChecks.targetDensity(this, run);
    PolicyChecks.fullMask(this, run);
  }

  @Override
  public DecisionSchedule schedule(TrainingRun run) {
    return new DecisionSchedule(0, 1, 0, DecisionUpload.NOTHING);
  }

  @Override
  public Decider begin(RunDefinition run) {
    return this::decide;
  }

  private Decision decide(RoundOutcome round) {
    return Decision.of(
        Snip.decide(
            round.run().layout(),
            round.before(),
            round.delta(),
            round.run().learningRate(round.round()),
            PolicyChecks.targetDensity(this, round.run().run())),
        "pruned");
  }
}
