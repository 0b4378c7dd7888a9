package io.coppice.pruning;

import io.coppice.schemas.StartMask;
import io.coppice.schemas.TrainingRun;

/** What a policy's run takes over from a finished run of another policy, for whoever defines the run. */
public enum Inheritance {
  /** Nothing. */
  NOTHING,
  /** Its final density, as the target density; it may as well be given by hand. */
  DENSITY,
  /** Its final mask, and the weights that it began with. */
  MASK,
  /** Its final mask; the weights begin anew. */
  MASK_NEW_WEIGHTS;

  /**
   * A finished run.
   *
   * @param density of its final mask, in (0, 1]
   * @param mask its final mask
   * @param initialSeed seed of the weights that it began with
   */
  public record Source(double density, StartMask mask, long initialSeed) {}

  /** Enters what is taken over into a definition. */
  public void apply(Source source, TrainingRun.Builder run) {
    switch (this) {
      case NOTHING -> {}
      case DENSITY -> {
        if (run.getPruning().getTargetDensity() == null) {
          run.getPruning().setTargetDensity(source.density());
        }
      }
      case MASK -> run.setStart(source.mask()).setInitialSeed(source.initialSeed());
      case MASK_NEW_WEIGHTS -> run.setStart(source.mask()).setInitialSeed(source.initialSeed() + 1);
    }
  }
}
