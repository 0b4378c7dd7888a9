package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.pruning.CostModel;
import io.coppice.replay.RunDefinition;
import java.util.Optional;

/** Conventional federated learning (FedAvg): the mask stays as it is. */
final class Conventional implements MaskPolicy {

  @Override
  public String name() {
    return RunDefinition.CONVENTIONAL;
  }

  @Override
  public Optional<Decision> decide(
      RunDefinition run,
      CostModel cost,
      int round,
      Mask mask,
      float[] parameters,
      float[] importance) {
    return Optional.empty();
  }
}
