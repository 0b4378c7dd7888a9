package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.MaskDecision;
import io.coppice.learning.pruning.ReconfigurationSchedule;
import io.coppice.replay.RunDefinition;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Adaptive pruning (PruneFL section IV): keep the weights whose importance per second of round time is highest, and offer
 * only the smallest ones of each layer for removal, ever fewer as training goes on.
 */
final class PruneFl implements MaskPolicy {

  @Override
  public String name() {
    return "prunefl";
  }

  @Override
  public Optional<Decision> decide(
      RunDefinition run,
      CostModel cost,
      int round,
      Mask mask,
      float[] parameters,
      float[] importance) {
    var policy = run.run().getPruning();
    double decrease =
        ReconfigurationSchedule.decrease(round, policy.getMaxDecrease(), policy.getHalfLife());
    OptionalDouble maxDensity =
        policy.getMaxDensity() == null
            ? OptionalDouble.empty()
            : OptionalDouble.of(policy.getMaxDensity());
    return Optional.of(
        new Decision(
            decrease,
            MaskDecision.decide(mask, parameters, importance, cost, decrease, maxDensity)));
  }
}
