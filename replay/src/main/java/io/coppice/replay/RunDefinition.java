package io.coppice.replay;

import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.Shards;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.DecisionRounds;
import io.coppice.learning.pruning.ReconfigurationSchedule;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.CostProfile;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.TrainingRun;
import java.util.List;
import java.util.OptionalDouble;

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

  /** Clocks of brokers may differ by this much where a position is looked up by time. */
  private static final long CLOCK_SLACK_MILLIS = 60_000;

  /** Name of the policy under which the mask never changes. */
  public static final String CONVENTIONAL = "none";

  /**
   * Reads a definition.
   *
   * @throws IllegalArgumentException if the network is unknown or does not fit its input, or a number is out of its range
   */
  public static RunDefinition of(TrainingRun run, long since) {
    DefinitionChecks.numbers(run);
    List<Integer> input = run.getArchitecture().getInputShape();
    Architecture architecture =
        Architecture.of(
            run.getArchitecture().getNetwork(),
            input.get(0),
            input.get(1),
            input.get(2),
            run.getArchitecture().getClasses());
    ParameterLayout layout = architecture.layout();
    DefinitionChecks.network(run, layout);
    return new RunDefinition(run, since, architecture, layout);
  }

  public String id() {
    return run.getRunId();
  }

  /** A time before which no broker has stamped a record of the run, even where their clocks differ. */
  public long searchedSince() {
    return since - CLOCK_SLACK_MILLIS;
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

  /** After which rounds the policy decides the mask. */
  public DecisionRounds decisions() {
    DecisionSchedule schedule = run.getPruning().getDecisions();
    if (schedule != null) {
      return new DecisionRounds(schedule.getFirst(), schedule.getEvery(), schedule.getLast());
    }
    return isConventional()
        ? DecisionRounds.NONE
        : ReconfigurationSchedule.adaptive(
            run.getEvaluation().getEvery(), run.getPruning().getReconfigureEvery(), lastRound());
  }

  /** What agents add to their updates in the rounds after which the mask is decided. */
  public DecisionUpload upload() {
    DecisionSchedule schedule = run.getPruning().getDecisions();
    if (schedule != null) {
      return schedule.getUpload();
    }
    return isConventional() ? DecisionUpload.NOTHING : DecisionUpload.IMPORTANCE;
  }

  /** Whether a mask is published after a round: the policy's decision, or what initial pruning has arrived at. */
  public boolean newMaskAfter(int round) {
    return round == INITIAL_PRUNING_ROUND || decisions().contains(round);
  }

  /** Version of the mask that is in force in a round, or would be behind the last one. */
  public int maskVersionIn(int round) {
    int initial = run.getInitialPruning() != null && round > INITIAL_PRUNING_ROUND ? 1 : 0;
    DecisionRounds decisions = decisions();
    int until = Math.min(round - 1, decisions.last());
    return until < decisions.first()
        ? initial
        : initial + (until - decisions.first()) / decisions.every() + 1;
  }

  /** Whether updates of a round carry what the mask decision after it needs. */
  public boolean uploadsIn(int round) {
    return upload() != DecisionUpload.NOTHING && decisions().contains(round);
  }

  private boolean isConventional() {
    return run.getPruning().getPolicy().equals(CONVENTIONAL);
  }

  /** Whether an agent accumulates importance over all rounds, so that an upload tells of those since the last one. */
  public boolean accumulatesImportance() {
    return upload() == DecisionUpload.IMPORTANCE
        && run.getPruning().getImportance() == ImportanceRounds.EVERY_ROUND;
  }

  /** The model before any training: all parameters in layout order. */
  public float[] initialParameters() {
    Long seed = run.getInitialSeed();
    return InitialParameters.of(architecture, seed == null ? run.getSeed() : seed);
  }

  /** What a round costs by the definition's own figures. */
  public CostModel cost() {
    return cost(run.getCost());
  }

  /** What a round costs by the figures that a mask was decided with. */
  public CostModel cost(MaskPublished mask) {
    return mask.getCost() == null ? cost() : cost(mask.getCost());
  }

  /**
   * What a round costs an agent that has measured its device: to the figures of the profile comes the time that a weight's bytes
   * take on the link, in an update and in the aggregate, as the run encodes them.
   */
  public CostModel cost(String name, CostProfile profile) {
    int bytes =
        LogTensors.encoding(run.getEncoding().getDelta()).bytesPerValue()
            + LogTensors.encoding(run.getEncoding().getAggregate()).bytesPerValue();
    return new CostModel(
        name,
        profile.getFixedSeconds(),
        bytes / profile.getBytesPerSecond(),
        values(profile.getComputationSecondsPerWeight()));
  }

  /**
   * The quantile of the agents' measured costs that masks are decided with, in (0, 1]; empty where nothing is measured, and the
   * definition's own figures hold.
   */
  public OptionalDouble fleetQuantile() {
    Double quantile = run.getCost().getFleetQuantile();
    return quantile == null ? OptionalDouble.empty() : OptionalDouble.of(quantile);
  }

  /** A cost model as the log has it. */
  public static CostModel cost(CostCoefficients c) {
    return new CostModel(
        c.getName(),
        c.getFixedSeconds(),
        c.getCommunicationSecondsPerWeight(),
        values(c.getComputationSecondsPerWeight()));
  }

  private static double[] values(List<Double> list) {
    return list.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** Step size of a round. */
  public double learningRate(int round) {
    return run.getTraining().getLearningRate()
        * StrictMath.pow(run.getTraining().getLearningRateDecay(), Math.max(round, 0));
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
