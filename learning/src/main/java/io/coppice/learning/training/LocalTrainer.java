package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.nn.Network;

/**
 * An agent's part of a round: some steps of plain SGD from the model under its mask, as the authors of PruneFL run it (their
 * section IV-B; {@code importance} is its squared gradient).
 *
 * <p>The mask is applied to the parameters before the first step and after every one. The gradients are dense: a pruned weight
 * is zero in use, yet the loss has a gradient by it, and that is what tells whether it should grow again.
 *
 * <p>Not thread-safe; trainers side by side in several threads give the same results as one after another.
 */
public final class LocalTrainer implements AutoCloseable {

  private final Architecture architecture;
  private final ParameterLayout layout;
  private final Network network;
  private final LabelledBatch batch;
  private final MaskFactors masks = new MaskFactors();

  /** The sum of the gradients during the steps, the parameters after them. */
  private final float[] work;

  /**
   * @param batchSize samples a step, at least 1
   */
  public LocalTrainer(Architecture architecture, Loss loss, int batchSize) {
    this.architecture = architecture;
    this.layout = architecture.layout();
    this.network = Network.forTraining(architecture.stack(), batchSize);
    this.batch = new LabelledBatch(architecture, network, loss);
    this.work = new float[layout.size()];
  }

  /**
   * Trains.
   *
   * @param data the agent's images
   * @param sampleIndices images of all steps one after another, {@code steps x batchSize} indices into {@code data}
   * @param steps SGD steps, at least 1
   * @param model all parameters, in layout order; pruned ones are looked at no more than they are used. Not changed
   * @param mask the mask in force
   * @param learningRate step size
   * @param importance if not null, the square of the sum of all steps' gradients times the samples processed is added to it, for
   *     every parameter in layout order, pruned or not
   * @throws IllegalArgumentException if data, indices, model, mask or importance do not fit the network
   */
  public LocalUpdate train(
      Dataset data,
      int[] sampleIndices,
      int steps,
      float[] model,
      Mask mask,
      double learningRate,
      float[] importance) {
    check(data, sampleIndices, steps, model, importance);
    float[] factors = masks.of(mask, layout);
    network.load(model, factors);
    Network.ParameterUpdate step =
        importance == null ? sgd(factors, learningRate) : summingSgd(factors, learningRate);
    java.util.Arrays.fill(work, 0f);
    double lossSum = 0;
    for (int s = 0; s < steps; s++) {
      batch.forward(data, sampleIndices, s * network.batch(), network.batch());
      lossSum += batch.lossSum();
      batch.backward();
      network.update(step);
    }
    long samples = (long) steps * network.batch();
    if (importance != null) {
      for (int i = 0; i < work.length; i++) {
        importance[i] += work[i] * work[i] * samples;
      }
    }
    network.store(work);
    for (int i = 0; i < work.length; i++) {
      work[i] -= model[i];
    }
    return new LocalUpdate(mask.gather(work), lossSum / samples, samples);
  }

  private static Network.ParameterUpdate sgd(float[] factors, double learningRate) {
    float rate = (float) learningRate;
    return (offset, length, parameters, gradient) -> {
      for (int i = 0; i < length; i++) {
        parameters[i] = (parameters[i] - rate * gradient[i]) * factors[offset + i];
      }
    };
  }

  private Network.ParameterUpdate summingSgd(float[] factors, double learningRate) {
    float rate = (float) learningRate;
    return (offset, length, parameters, gradient) -> {
      for (int i = 0; i < length; i++) {
        work[offset + i] += gradient[i];
      }
      for (int i = 0; i < length; i++) {
        parameters[i] = (parameters[i] - rate * gradient[i]) * factors[offset + i];
      }
    };
  }

  private void check(
      Dataset data, int[] sampleIndices, int steps, float[] model, float[] importance) {
    LabelledBatch.checkFits(data, architecture);
    if (steps < 1 || sampleIndices.length != (long) steps * network.batch()) {
      throw new IllegalArgumentException(
          String.format(
              "%d steps of %d samples do not fit %d sample indices.",
              steps, network.batch(), sampleIndices.length));
    }
    if (model.length != layout.size()
        || (importance != null && importance.length != layout.size())) {
      throw new IllegalArgumentException(
          String.format(
              "Model and importance need %d values for network %s, not %d and %s.",
              layout.size(),
              architecture.network(),
              model.length,
              importance == null ? "none" : importance.length));
    }
  }

  @Override
  public void close() {
    network.close();
  }
}
