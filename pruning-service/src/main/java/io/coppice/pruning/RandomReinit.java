package io.coppice.pruning;

import io.coppice.schemas.TrainingRun;

/** What a {@link Reinit lottery ticket} is compared with: the mask that a run has ended with, and new random weights. */
public final class RandomReinit extends FixedMask {

  @Override
  public String name() {
    return "random-reinit";
  }

  @Override
  public String summary() {
    return "the final mask of another run, from new random weights";
  }

  @Override
  public Inheritance inherits() {
    return Inheritance.MASK_NEW_WEIGHTS;
  }

  @Override
  public void check(TrainingRun run) {
    super.check(run);
    if (run.getInitialSeed() == null) {
      throw new IllegalArgumentException(
          "Policy random-reinit starts from weights that the finished run has not had, and the definition names no seed for them.");
    }
  }
}
