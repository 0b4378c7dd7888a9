package io.coppice.pruning;

import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.TrainingRun;

/** The mask that another run has ended with, from the first round on. Which weights training starts from is in the definition. */
abstract class FixedMask implements MaskPolicy {

  @Override
  public void check(TrainingRun run) {
    PolicyChecks.noInitialPruning(this, run);
    if (run.getStart() == null) {
      throw new IllegalArgumentException(
          "Policy "
              + name()
              + " starts from the mask of a finished run, and the definition names none.");
    }
  }

  @Override
  public DecisionSchedule schedule(TrainingRun run) {
    return MaskPolicy.never();
  }

  @Override
  public Decider begin(RunDefinition run) {
    return round -> {
      throw new IllegalStateException("Policy " + name() + " decides nothing.");
    };
  }
}
