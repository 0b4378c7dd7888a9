package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.engine.Network;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import java.util.List;

/**
 * An agent's part of a round: some steps of plain SGD from the model under its mask, as the authors of PruneFL run it.
 *
 * <p>Pruned weights are zero and stay so. Where {@link RoundGradients} are asked for, the gradient by them is computed all the
 * same, for it tells whether they should grow again.
 *
 * <p>Not thread-safe; trainers side by side in several threads give the same results as one after another.
 */
public final class LocalTrainer implements AutoCloseable {

  private final Architecture architecture;
  private final ParameterLayout layout;
  private final Network network;
  private final LabelledBatch batch;

  /**
   * A trainer that chooses the kernels of each layer by the usual crossover.
   *
   * @param batchSize samples a step, at least 1
   */
  public LocalTrainer(Architecture architecture, Loss loss, int batchSize) {
    this(architecture, loss, batchSize, KernelPolicy.usual());
  }

  /**
   * @param batchSize samples a step, at least 1
   * @param kernels which layers are computed by their active weights
   */
  public LocalTrainer(Architecture architecture, Loss loss, int batchSize, KernelPolicy kernels) {
    this.architecture = architecture;
    this.layout = architecture.layout();
    this.network = Network.forTraining(architecture.stack(), batchSize, kernels);
    this.batch = new LabelledBatch(architecture, network, loss);
  }

  /**
   * Trains.
   *
   * @param data the agent's images
   * @param sampleIndices images of all steps one after another, {@code steps x batchSize} indices into {@code data}
   * @param steps SGD steps, at least 1
   * @param model all parameters, in layout order; pruned ones are not looked at. Not changed
   * @param mask the mask in force
   * @param learningRate step size
   * @param gradients takes the gradients of all parameters, pruned or not; null if nobody wants them
   * @throws IllegalArgumentException if data, indices, model, mask or gradients do not fit the network, or gradients are asked for
   *     over more than {@link Network#MAX_GRADIENT_SAMPLES} samples
   */
  public LocalUpdate train(
      Dataset data,
      int[] sampleIndices,
      int steps,
      float[] model,
      Mask mask,
      double learningRate,
      RoundGradients gradients) {
    check(data, sampleIndices, steps, model, gradients);
    network.load(model, mask);
    double lossSum = 0;
    for (int s = 0; s < steps; s++) {
      batch.forward(data, sampleIndices, s * network.batch());
      lossSum += batch.lossSum();
      network.train(batch.logitGradient(), (float) learningRate, gradients != null);
    }
    long samples = (long) steps * network.batch();
    if (gradients != null) {
      gradients.add(network, steps);
    }
    return new LocalUpdate(network.activeDelta(model), lossSum / samples, samples);
  }

  /** How the prunable layers were computed in the last round, in layout order. */
  public List<Network.LayerChoice> choices() {
    return network.choices();
  }

  private void check(
      Dataset data, int[] sampleIndices, int steps, float[] model, RoundGradients gradients) {
    LabelledBatch.checkFits(data, architecture);
    if (steps < 1 || sampleIndices.length != (long) steps * network.batch()) {
      throw new IllegalArgumentException(
          String.format(
              "%d steps of %d samples do not fit %d sample indices.",
              steps, network.batch(), sampleIndices.length));
    }
    if (gradients != null && sampleIndices.length > Network.MAX_GRADIENT_SAMPLES) {
      throw new IllegalArgumentException(
          String.format(
              "The gradients of a round are summed over at most %d samples, not %d steps of %d.",
              Network.MAX_GRADIENT_SAMPLES, steps, network.batch()));
    }
    if (model.length != layout.size()
        || (gradients != null && gradients.values().length != layout.size())) {
      throw new IllegalArgumentException(
          String.format(
              "Model and gradients need %d values for network %s, not %d and %s.",
              layout.size(),
              architecture.network(),
              model.length,
              gradients == null ? "none" : gradients.values().length));
    }
  }

  @Override
  public void close() {
    network.close();
  }
}
