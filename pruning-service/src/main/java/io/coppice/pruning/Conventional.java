package io.coppice.pruning;

import io.coppice.replay.RunDefinition;

/** Conventional federated learning (FedAvg): the mask stays as it is. */
public final class Conventional extends UndecidedPolicy {

  @Override
  public String name() {
    return RunDefinition.CONVENTIONAL;
  }

  @Override
  public String summary() {
    return "conventional federated learning, nothing is pruned";
  }
}
