package io.coppice.replay;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;

/** Whether a run's definition is one that can be followed: all that {@link RunDefinition} derives from it is then defined. */
final class DefinitionChecks {

  /** Masks have a bit a weight and travel in one record. */
  private static final long MAX_PARAMETERS = 8L * Topic.MAX_RECORD_BYTES;

  private DefinitionChecks() {}

  /**
   * Checks what does not depend on the network.
   *
   * @throws IllegalArgumentException naming what is out of its range
   */
  static void numbers(TrainingRun run) {
    atLeastOne("rounds", run.getRounds());
    atLeastOne("shardValues", run.getShardValues());
    atLeastOne("checkpointEvery", run.getCheckpointEvery());
    atLeastOne("evaluation.every", run.getEvaluation().getEvery());
    atLeastOne("pruning.reconfigureEvery", run.getPruning().getReconfigureEvery());
    atLeastOne("training.localSteps", run.getTraining().getLocalSteps());
    atLeastOne("training.batchSize", run.getTraining().getBatchSize());
    DecisionSchedule decisions = run.getPruning().getDecisions();
    if (decisions != null) {
      atLeastOne("pruning.decisions.every", decisions.getEvery());
      if (decisions.getFirst() < 0) {
        throw new IllegalArgumentException(
            "The run's pruning.decisions.first is at least 0, not " + decisions.getFirst() + ".");
      }
    }
    encodings(run);
    Double quantile = run.getCost().getFleetQuantile();
    if (quantile != null && !(quantile > 0 && quantile <= 1)) {
      throw new IllegalArgumentException(
          "The run's cost.fleetQuantile lies in (0, 1] and is not " + quantile + ".");
    }
    int dimensions = run.getArchitecture().getInputShape().size();
    if (dimensions != 3) {
      throw new IllegalArgumentException(
          "An input shape has channels, height and width, not " + dimensions + " numbers.");
    }
  }

  /** What has a sign travels in an encoding that has one, and a block fits the one of its kind. */
  private static void encodings(TrainingRun run) {
    signed("delta", run.getEncoding().getDelta());
    signed("aggregate", run.getEncoding().getAggregate());
    DecisionSchedule decisions = run.getPruning().getDecisions();
    if (decisions != null
        && (decisions.getUpload() == DecisionUpload.GRADIENT
            || decisions.getUpload() == DecisionUpload.VOTES)) {
      signed("importance", run.getEncoding().getImportance());
    }
    Encoding importance = LogTensors.encoding(run.getEncoding().getImportance());
    if (run.getShardValues() > importance.maxValues()) {
      throw new IllegalArgumentException(
          String.format(
              "The run's shardValues is at most %d where importance travels in %s, not %d.",
              importance.maxValues(), importance, run.getShardValues()));
    }
    Double share = run.getPruning().getImportanceShare();
    if (share != null && !(share > 0 && share <= 1)) {
      throw new IllegalArgumentException(
          "The run's pruning.importanceShare lies in (0, 1] and is not " + share + ".");
    }
  }

  private static void signed(String field, TensorEncoding encoding) {
    if (!LogTensors.encoding(encoding).signed()) {
      throw new IllegalArgumentException(
          String.format(
              "The run's encoding.%s is one of FLOAT32 and BFLOAT16, because its values may be negative, and not %s.",
              field, encoding));
    }
  }

  /**
   * Checks what depends on the network.
   *
   * @throws IllegalArgumentException if its masks do not fit a record, or the costs are those of another network
   */
  static void network(TrainingRun run, ParameterLayout layout) {
    if (layout.size() > MAX_PARAMETERS) {
      throw new IllegalArgumentException(
          String.format(
              "A network has at most %d parameters, so that its masks fit a record, and not %d.",
              MAX_PARAMETERS, layout.size()));
    }
    cost(run.getCost(), layout);
  }

  /**
   * Checks a cost model of the log.
   *
   * @throws IllegalArgumentException if it has not one coefficient a prunable layer
   */
  static void cost(CostCoefficients cost, ParameterLayout layout) {
    if (cost.getComputationSecondsPerWeight().size() != layout.prunable().size()) {
      throw new IllegalArgumentException(
          String.format(
              "The costs are those of %d prunable layers, but the network has %d.",
              cost.getComputationSecondsPerWeight().size(), layout.prunable().size()));
    }
  }

  private static void atLeastOne(String field, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "The run's " + field + " is at least 1, not " + value + ".");
    }
  }
}
