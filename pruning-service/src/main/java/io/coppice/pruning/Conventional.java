package io.coppice.pruning;

import io.coppice.learning.model.Mask;
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
      RunDefinition run, int round, Mask mask, float[] parameters, float[] importance) {
    return Optional.empty();
  }
}
