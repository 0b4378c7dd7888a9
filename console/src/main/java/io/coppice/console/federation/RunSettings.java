package io.coppice.console.federation;

/**
 * What a run does; the values of the command's options, as reports repeat them.
 *
 * @param agents number of agents
 * @param participants how many of them are asked in a round: a number, or a fraction with a decimal point; null: all
 * @param rounds number of rounds
 * @param model network
 * @param data directory with training and test data
 * @param testEvery every how many-th test image is evaluated
 * @param partition how the training data are split over the agents
 * @param pruning policy
 * @param initialPruning whether one agent prunes the model before round 0
 * @param initialPruningRounds local rounds after which that ends at the latest
 * @param reconfigureEvery rounds between two mask decisions
 * @param evaluateEvery rounds between two evaluations
 * @param localSteps SGD steps a round
 * @param batch samples a step
 * @param learningRate step size of round 0
 * @param learningRateDecay factor on it from one round to the next
 * @param loss training loss
 * @param seed seed of everything
 * @param cost cost model
 * @param encoding how tensors travel
 * @param importanceEncoding how importance travels ({@link ImportanceEncoding}); null: as the other tensors
 * @param regrow value of a regrown weight
 * @param importance rounds whose gradients make importance
 * @param kernels how agents decide which layers they compute by their active weights
 * @param maxDensity bound on growth; null: none
 * @param targetDensity what that bound moves to until the last round; null: it stays
 * @param density density of policies that are given one; null: none
 * @param deadlineSeconds a round closes without the missing after this time
 * @param signatures whether agents have to sign
 * @param trustedKeys file with the agents that may take part; null: all
 * @param trust whether the agents that start here are the only ones that may
 */
public record RunSettings(
    int agents,
    String participants,
    int rounds,
    String model,
    String data,
    int testEvery,
    String partition,
    String pruning,
    boolean initialPruning,
    int initialPruningRounds,
    int reconfigureEvery,
    int evaluateEvery,
    int localSteps,
    int batch,
    double learningRate,
    double learningRateDecay,
    String loss,
    long seed,
    String cost,
    String encoding,
    String importanceEncoding,
    String regrow,
    String importance,
    String kernels,
    Double maxDensity,
    Double targetDensity,
    Double density,
    int deadlineSeconds,
    String signatures,
    String trustedKeys,
    boolean trust) {

  /** The same with another policy; initial pruning is PruneFL's. */
  public RunSettings withPolicy(String policy) {
    return new RunSettings(
        agents,
        participants,
        rounds,
        model,
        data,
        testEvery,
        partition,
        policy,
        initialPruning && policy.equals(PRUNEFL),
        initialPruningRounds,
        reconfigureEvery,
        evaluateEvery,
        localSteps,
        batch,
        learningRate,
        learningRateDecay,
        loss,
        seed,
        cost,
        encoding,
        policy.equals(PRUNEFL) ? importanceEncoding : null,
        regrow,
        importance,
        kernels,
        policy.equals(PRUNEFL) ? maxDensity : null,
        policy.equals(PRUNEFL) ? targetDensity : null,
        density,
        deadlineSeconds,
        signatures,
        trustedKeys,
        trust);
  }

  /** Name of the policy that initial pruning and a bound on the density belong to. */
  public static final String PRUNEFL = "prunefl";
}
