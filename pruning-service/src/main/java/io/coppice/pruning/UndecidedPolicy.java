package io.coppice.pruning;

import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.TrainingRun;

/** A policy under which the mask stays as the run has begun with it. */
abstract class UndecidedPolicy implements MaskPolicy {

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
