package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.engine.Network;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.MaskDecision;
import io.coppice.learning.random.SplitMix64;
import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * The stage before round 0: one agent trains and prunes the model on a few of its own samples (PruneFL), as the
 * authors' code does it.
 *
 * <p>A local round is one SGD step on each batch of the samples, which are drawn once. Once the training accuracy has reached a
 * threshold the mask is decided at once and at regular distances from there, until the density has settled. In contrast to the
 * rounds of federated training
 *
 * <ul>
 *   <li>importance is the sum of every step's squared gradient since the last decision;
 *   <li>the gradients are those under the mask, so a weight pruned earlier has importance 0 and never returns: the mask only
 *       shrinks;
 *   <li>the fraction offered for removal does not decay, and there is no density limit.
 * </ul>
 *
 * <p>Pruned weights keep the value that they had when they were pruned.
 */
public final class InitialPruner implements AutoCloseable {

  /**
   * How the stage runs. Counts are in local rounds.
   *
   * @param samples samples to use, at least a batch; of data that have fewer as many full batches as there are
   * @param maxRounds local rounds after which the stage ends at the latest, at least 1
   * @param evaluateEvery local rounds between two tests of the training accuracy, at least 1
   * @param decideEvery local rounds between two mask decisions, at least 1
   * @param startAccuracy training accuracy from which decisions are made, in [0, 1]
   * @param stableTolerance a decision is stable if it changes the density by at most this fraction, at least 0
   * @param stableDecisions the stage ends after this many stable decisions in a row, at least 1
   * @param maxDecrease fraction of each layer's active weights that a decision offers for removal, in [0, 1)
   * @param batchSize samples a step, at least 1
   * @param learningRate step size, above 0
   */
  public record Config(
      int samples,
      int maxRounds,
      int evaluateEvery,
      int decideEvery,
      double startAccuracy,
      double stableTolerance,
      int stableDecisions,
      double maxDecrease,
      int batchSize,
      double learningRate) {

    public Config {
      if (batchSize < 1 || samples < batchSize) {
        throw new IllegalArgumentException(
            String.format(
                "Initial pruning needs at least one batch of samples: %d samples and batches of %d"
                    + " do not make one.",
                samples, batchSize));
      }
      if (maxRounds < 1 || evaluateEvery < 1 || decideEvery < 1 || stableDecisions < 1) {
        throw new IllegalArgumentException(
            "Initial pruning needs maxRounds, evaluateEvery, decideEvery and stableDecisions of at"
                + " least 1.");
      }
      if (!(startAccuracy >= 0 && startAccuracy <= 1)) {
        throw new IllegalArgumentException(
            "The training accuracy at which initial pruning starts is between 0 and 1, not "
                + startAccuracy
                + ".");
      }
      if (!(stableTolerance >= 0)) {
        throw new IllegalArgumentException(
            "The tolerance for a stable density is at least 0, not " + stableTolerance + ".");
      }
      if (!(maxDecrease >= 0 && maxDecrease < 1)) {
        throw new IllegalArgumentException(
            "The fraction that a decision offers for removal is at least 0 and below 1, not "
                + maxDecrease
                + ".");
      }
      if (!(learningRate > 0)) {
        throw new IllegalArgumentException(
            "The learning rate is above 0, not " + learningRate + ".");
      }
    }
  }

  /** Is told after every local round how far the stage is. */
  @FunctionalInterface
  public interface Progress {

    /**
     * Reports a local round.
     *
     * @param localRound from 1
     * @param trainAccuracy as last evaluated
     * @param decisions mask decisions so far
     * @param density fraction of prunable weights that is active
     * @throws InterruptedException to end the stage without a result
     */
    void completed(int localRound, double trainAccuracy, int decisions, double density)
        throws InterruptedException;
  }

  /**
   * The pruned model.
   *
   * @param parameters all parameters, in layout order, with pruned ones at their last value
   * @param mask which of them are active
   * @param localRounds local rounds that were run
   * @param decisions mask decisions that were made; 0 if the training accuracy never reached its threshold
   * @param stable whether the stage ended because the density had settled
   * @param trainAccuracy accuracy on the samples, of the parameters under the mask
   */
  @SuppressWarnings("ArrayRecordComponent") // the vector of a model: handed over, never compared
  public record Result(
      float[] parameters,
      Mask mask,
      int localRounds,
      int decisions,
      boolean stable,
      double trainAccuracy) {}

  private final Architecture architecture;
  private final Config config;
  private final ParameterLayout layout;
  private final Network network;
  private final LabelledBatch batch;

  /**
   * @param kernels which layers are computed by their active weights
   */
  public InitialPruner(Architecture architecture, Loss loss, Config config, KernelPolicy kernels) {
    this.architecture = architecture;
    this.config = config;
    this.layout = architecture.layout();
    this.network = Network.forTraining(architecture.stack(), config.batchSize(), kernels);
    this.batch = new LabelledBatch(architecture, network, loss);
  }

  /**
   * Trains and prunes.
   *
   * @param data the agent's images
   * @param initial the parameters to start from, in layout order; not changed
   * @param cost seconds of a round
   * @param seed of the choice of samples
   * @param progress is told about every local round
   * @throws InterruptedException if the thread was interrupted, or {@code progress} throws it
   * @throws IllegalArgumentException if data, parameters or cost model do not fit the network, or the data have not even one
   *     full batch
   * @throws IllegalStateException if training diverges
   */
  public Result prune(Dataset data, float[] initial, CostModel cost, long seed, Progress progress)
      throws InterruptedException {
    LabelledBatch.checkFits(data, architecture);
    if (initial.length != layout.size()) {
      throw new IllegalArgumentException(
          String.format(
              "Network %s has %d parameters, not %d.",
              architecture.network(), layout.size(), initial.length));
    }
    return new Stage(data, draw(data.size(), seed), initial, cost).run(progress);
  }

  /** Chooses the samples, in an order that is kept for the whole stage. */
  private int[] draw(int size, long seed) {
    int count = Math.min(config.samples(), size) / config.batchSize() * config.batchSize();
    if (count == 0) {
      throw new IllegalArgumentException(
          String.format(
              "Initial pruning needs at least one batch of %d samples, but the data set has %d.",
              config.batchSize(), size));
    }
    return Arrays.copyOf(new SplitMix64(seed).permutation(size), count);
  }

  @Override
  public void close() {
    network.close();
  }

  /** One run of the stage. */
  private final class Stage {

    private final Dataset data;
    private final int[] samples;
    private final CostModel cost;

    /** As they were at the last mask decision; the network has the current values of the active ones. */
    private final float[] parameters;

    private final float[] importance = new float[layout.size()];

    /** Of the last step; zero for pruned parameters. */
    private final float[] gradient = new float[layout.size()];

    private Mask mask = Mask.full(layout);
    private int decisions;
    private int stableInARow;

    Stage(Dataset data, int[] samples, float[] initial, CostModel cost) {
      this.data = data;
      this.samples = samples;
      this.cost = cost;
      this.parameters = initial.clone();
      network.load(parameters, mask);
    }

    Result run(Progress progress) throws InterruptedException {
      int start = 0;
      double accuracy = 0;
      int round = 0;
      while (round < config.maxRounds() && stableInARow < config.stableDecisions()) {
        if (Thread.interrupted()) {
          throw new InterruptedException("Initial pruning was interrupted.");
        }
        round++;
        if ((round - 1) % config.evaluateEvery() == 0) {
          accuracy = accuracy();
          if (start == 0 && accuracy >= config.startAccuracy()) {
            start = round;
          }
        }
        train(round);
        if (start > 0 && (round - start) % config.decideEvery() == 0) {
          decide();
        }
        progress.completed(round, accuracy, decisions, mask.density());
      }
      network.store(parameters);
      boolean stable = stableInARow >= config.stableDecisions();
      return new Result(parameters, mask, round, decisions, stable, accuracy());
    }

    /** One step on each batch. */
    private void train(int round) {
      float rate = (float) config.learningRate();
      double lossSum = 0;
      for (int from = 0; from < samples.length; from += network.batch()) {
        batch.forward(data, samples, from);
        lossSum += batch.lossSum();
        network.train(batch.logitGradient(), rate, gradient);
        for (int i = 0; i < gradient.length; i++) {
          importance[i] += gradient[i] * gradient[i];
        }
      }
      if (!Double.isFinite(lossSum)) {
        throw new IllegalStateException(
            String.format(
                "Initial pruning diverged in local round %d: a learning rate below %s is needed.",
                round, config.learningRate()));
      }
    }

    private void decide() {
      network.store(parameters);
      double before = mask.density();
      mask =
          MaskDecision.decide(
                  mask, parameters, importance, cost, config.maxDecrease(), OptionalDouble.empty())
              .mask();
      Arrays.fill(importance, 0f);
      Arrays.fill(gradient, 0f);
      network.load(parameters, mask);
      decisions++;
      if (decisions > 1) {
        boolean stable = Math.abs(mask.density() / before - 1) <= config.stableTolerance();
        stableInARow = stable ? stableInARow + 1 : 0;
      }
    }

    private double accuracy() {
      int correct = 0;
      for (int from = 0; from < samples.length; from += network.batch()) {
        batch.infer(data, samples, from, network.batch());
        correct += batch.correct();
      }
      return (double) correct / samples.length;
    }
  }
}
