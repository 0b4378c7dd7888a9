package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.pruning.LayerBudgets;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.TrainingRun;

/**
 * What policies have in common that keep every layer's number of weights: they start from the largest initial weights, and
 * exchange some every {@code pruning.reconfigureEvery} rounds up to a part of the run, ever fewer.
 */
abstract class SparseTraining implements MaskPolicy {

  /** The last round after which weights may be exchanged, of a run of so many rounds. */
  abstract int lastExchange(int rounds);

  /** What the exchange is decided from. */
  abstract DecisionUpload upload();

  /** How many weights each prunable layer has. */
  abstract int[] budgets(ParameterLayout layout, double density);

  @Override
  public Inheritance inherits() {
    return Inheritance.DENSITY;
  }

  @Override
  public void check(TrainingRun run) {
    PolicyChecks.targetDensity(this, run);
    PolicyChecks.noInitialPruning(this, run);
    int every = run.getPruning().getReconfigureEvery();
    int last = lastExchange(run.getRounds());
    if (every > last) {
      throw new IllegalArgumentException(
          String.format(
              "Policy %s exchanges weights every %d rounds up to round %d of the run's %d, which is never: take more rounds or a shorter interval.",
              name(), every, last, run.getRounds()));
    }
  }

  @Override
  public DecisionSchedule schedule(TrainingRun run) {
    int every = run.getPruning().getReconfigureEvery();
    return new DecisionSchedule(every, every, lastExchange(run.getRounds()), upload());
  }

  @Override
  public Mask initialMask(RunDefinition run, float[] parameters) {
    int[] budgets = budgets(run.layout(), PolicyChecks.targetDensity(this, run.run()));
    return LayerBudgets.largest(run.layout(), parameters, budgets);
  }
}
