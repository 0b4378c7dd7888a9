package io.coppice.agent;

import io.coppice.learning.data.Dataset;
import java.util.Optional;

/**
 * The data on one device; it never leaves it.
 *
 * @param train samples to train on, at least 1
 * @param holdOut samples to evaluate on where the run asks the agents to
 * @param initialPruning samples for initial pruning where they are given; otherwise they are drawn from {@code train}
 */
public record AgentData(
    Dataset train, Optional<Dataset> holdOut, Optional<Dataset> initialPruning) {

  /** Training data only. */
  public static AgentData of(Dataset train) {
    return new AgentData(train, Optional.empty(), Optional.empty());
  }
}
