package io.coppice.replay;

import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.Shards;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.ReconfigurationSchedule;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.TrainingRun;
import java.util.List;

/**
 * A training run as the log defines it, with what follows from the definition. Immutable.
 *
 * @param run the record
 * @param since its timestamp in the log, in milliseconds; nothing of the run lies before it
 * @param architecture the network
 * @param layout the order of its parameters
 */
public record RunDefinition(
    TrainingRun run, long since, Architecture architecture, ParameterLayout layout) {

  /** Number of the round that initial pruning is. */
  public static final int INITIAL_PRUNING_ROUND = -1;

  /** Name of the policy under which the mask never changes. */
  public static final String CONVENTIONAL = "none";

  /**
   * Reads a definition.
   *
   * @throws IllegalArgumentException if the network is unknown or does not fit its input
   */
  public static RunDefinition of(TrainingRun run, long since) {
    List<Integer> input = run.getArchitecture().getInputShape();
    Architecture architecture =
        Architecture.of(
            run.getArchitecture().getNetwork(),
            input.get(0),
            input.get(1),
            input.get(2),
            run.getArchitecture().getClasses());
    return new RunDefinition(run, since, architecture, architecture.layout());
  }

  public String id() {
    return run.getRunId();
  }

  /** How vectors are cut. */
  public Shards shards() {
    return new Shards(run.getShardValues());
  }

  /** The first round of the run: {@link #INITIAL_PRUNING_ROUND} or 0. */
  public int firstRound() {
    return run.getInitialPruning() == null ? 0 : INITIAL_PRUNING_ROUND;
  }

  /** The last round of the run. */
  public int lastRound() {
    return run.getRounds() - 1;
  }

  /** Whether the model is evaluated after a round. */
  public boolean isEvaluated(int round) {
    return round >= 0 && (round % run.getEvaluation().getEvery() == 0 || round == lastRound());
  }

  /** Whether some round of the run asks for importance. */
  public boolean asksForImportance() {
    return !run.getPruning().getPolicy().equals(CONVENTIONAL);
  }

  /** When the mask is decided. */
  public ReconfigurationSchedule schedule() {
    return new ReconfigurationSchedule(
        run.getEvaluation().getEvery(), run.getPruning().getReconfigureEvery());
  }

  /** What a round costs. */
  public CostModel cost() {
    CostCoefficients c = run.getCost();
    return new CostModel(
        c.getName(),
        c.getFixedSeconds(),
        c.getCommunicationSecondsPerWeight(),
        c.getComputationSecondsPerWeight().stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** Step size of a round. */
  public double learningRate(int round) {
    return run.getTraining().getLearningRate()
        * Math.pow(run.getTraining().getLearningRateDecay(), Math.max(round, 0));
  }

  /** Samples that an agent processes in a round. */
  public int samplesPerRound() {
    return run.getTraining().getLocalSteps() * run.getTraining().getBatchSize();
  }

  /** The training loss. */
  public Loss loss() {
    return switch (run.getLoss()) {
      case BCE_WITH_LOGITS -> Loss.BCE_WITH_LOGITS;
      case SOFTMAX_CROSS_ENTROPY -> Loss.SOFTMAX_CROSS_ENTROPY;
    };
  }
}
