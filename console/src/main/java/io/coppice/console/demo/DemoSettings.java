package io.coppice.console.demo;

/**
 * What a demo run does; the values of the command's options, as the report repeats them.
 *
 * @param agents number of agents
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
 * @param learningRate step size
 * @param loss training loss
 * @param seed seed of everything
 * @param cost cost model
 * @param encoding how tensors travel
 * @param regrow value of a regrown weight
 * @param importance rounds whose gradients make importance
 * @param kernels how agents decide which layers they compute by their active weights
 * @param maxDensity bound on growth; null: none
 * @param deadlineSeconds a round closes without the missing after this time
 */
public record DemoSettings(
    int agents,
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
    String loss,
    long seed,
    String cost,
    String encoding,
    String regrow,
    String importance,
    String kernels,
    Double maxDensity,
    int deadlineSeconds) {}
