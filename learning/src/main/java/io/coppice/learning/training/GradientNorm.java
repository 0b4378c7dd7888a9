package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.engine.Network;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The quantity that PruneFL's convergence bound is about: the squared norm of the masked gradient {@code
 * ||grad F(w) * m||^2} of the federation's objective {@code F(w) = sum over agents n of p(n) F(n, w)}. The theorem bounds its
 * average over the rounds.
 *
 * <p>F(n, w) is the mean loss over all samples of agent n, and p(n) is the same for all agents, since each processes the same
 * number of samples a round. The gradient is that of the model in use, with pruned weights at zero. Its norm is over everything
 * that training moves: active weights, biases, scales and shifts of batch normalisations. Running statistics have no gradient.
 *
 * <p><b>Batch normalisation</b> makes a sample's loss depend on the batch that it is in. As in training, a batch is normalised by
 * its own statistics; so for networks that have one, F(n, w) is the mean over the batches that agent n's samples make in the order
 * of the data set, and depends on the batch size and that order. Without one neither matters, but for rounding.
 *
 * <p>Not thread-safe.
 */
public final class GradientNorm implements AutoCloseable {

  private final Architecture architecture;
  private final ParameterLayout layout;
  private final Loss loss;
  private final KernelPolicy kernels;
  private final Batches whole;

  /**
   * @param batchSize samples that are computed at a time, at least 1
   * @param kernels which layers are computed by their active weights
   */
  public GradientNorm(Architecture architecture, Loss loss, int batchSize, KernelPolicy kernels) {
    this.architecture = architecture;
    this.layout = architecture.layout();
    this.loss = loss;
    this.kernels = kernels;
    this.whole = new Batches(batchSize);
  }

  /**
   * The squared norm of the masked gradient.
   *
   * @param parameters all parameters, in layout order; pruned ones are not looked at. Not changed
   * @param mask which of them are active
   * @param agents the samples of each agent, at least one of each
   * @return at least 0; not finite if the model's loss is not
   * @throws IllegalArgumentException if there is no agent or one has no samples, or parameters, mask or data do not fit the network
   * @throws IllegalStateException if batch normalisation would have a single value of a channel, as in a last batch of one sample
   *     and a map of one pixel
   */
  public double squared(float[] parameters, Mask mask, List<Dataset> agents) {
    check(parameters, agents);
    double[] sum = new double[layout.size()];
    // A short batch is computed by a network of its size: empty places would be samples to a batch
    // normalisation. Agents whose last batches are of one size share it.
    Map<Integer, List<Dataset>> shortBatches = new TreeMap<>();
    whole.load(parameters, mask);
    for (Dataset data : agents) {
      int rest = data.size() % whole.size();
      whole.add(data, 0, data.size() - rest, agents.size(), sum);
      if (rest > 0) {
        shortBatches.computeIfAbsent(rest, size -> new ArrayList<>()).add(data);
      }
    }
    shortBatches.forEach(
        (size, rests) -> {
          try (Batches batches = new Batches(size)) {
            batches.load(parameters, mask);
            for (Dataset data : rests) {
              batches.add(data, data.size() - size, data.size(), agents.size(), sum);
            }
          }
        });
    double squared = 0;
    for (double gradient : sum) {
      squared += gradient * gradient;
    }
    return squared;
  }

  private void check(float[] parameters, List<Dataset> agents) {
    if (parameters.length != layout.size()) {
      throw new IllegalArgumentException(
          String.format(
              "Network %s has %d parameters, not %d.",
              architecture.network(), layout.size(), parameters.length));
    }
    if (agents.isEmpty()) {
      throw new IllegalArgumentException("The gradient of a federation needs at least 1 agent.");
    }
    for (int n = 0; n < agents.size(); n++) {
      LabelledBatch.checkFits(agents.get(n), architecture);
      if (agents.get(n).size() == 0) {
        throw new IllegalArgumentException(
            String.format(
                "Agent %d of %d has no images; each needs at least 1 for the gradient of its loss.",
                n + 1, agents.size()));
      }
    }
  }

  @Override
  public void close() {
    whole.close();
  }

  /** The gradients of batches of one size. */
  private final class Batches implements AutoCloseable {

    private final Network network;
    private final LabelledBatch batch;

    /** Of the last batch; 0 for pruned parameters and running statistics. */
    private final float[] gradient = new float[layout.size()];

    Batches(int size) {
      network = Network.forTraining(architecture.stack(), size, kernels);
      batch = new LabelledBatch(architecture, network, loss);
    }

    int size() {
      return network.batch();
    }

    void load(float[] parameters, Mask mask) {
      network.load(parameters, mask);
      Arrays.fill(gradient, 0f);
    }

    /**
     * Adds what some of an agent's samples contribute to the federation's gradient.
     *
     * @param to index behind the last of them; their number is a multiple of the size
     */
    void add(Dataset data, int from, int to, int agents, double[] sum) {
      int[] indices = IntStream.range(from, to).toArray();
      double weight = (double) size() / data.size() / agents;
      for (int at = 0; at < indices.length; at += size()) {
        batch.forward(data, indices, at);
        network.train(batch.logitGradient(), 0f, gradient);
        for (int i = 0; i < sum.length; i++) {
          sum[i] += weight * gradient[i];
        }
      }
    }

    @Override
    public void close() {
      network.close();
    }
  }
}
