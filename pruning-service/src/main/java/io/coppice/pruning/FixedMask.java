package io.coppice.pruning;

import io.coppice.schemas.TrainingRun;

/** The mask that another run has ended with, from the first round on. Which weights training starts from is in the definition. */
abstract class FixedMask extends UndecidedPolicy {

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
}
