package io.coppice.pruning;

import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.TrainingRun;

/** Conventional federated learning (FedAvg): the mask stays as it is. */
public final class Conventional implements MaskPolicy {

  @Override
  public String name() {
    return RunDefinition.CONVENTIONAL;
  }

  @Override
  public String summary() {
    return "conventional federated learning, nothing is pruned";
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
