package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.engine.Network;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.LayerStack;
import io.coppice.learning.nn.Loss;
import java.util.stream.IntStream;

/** Measures accuracy and loss of a model under a mask. Not thread-safe. */
public final class Evaluator implements AutoCloseable {

  private static final int MOST_SAMPLES = 100;

  /** Bound on the activations of a batch: larger ones are no faster, and deep networks on large images would take gigabytes. */
  private static final long MOST_ACTIVATION_BYTES = 64L << 20;

  /** Networks compute whole multiples of this many samples, or one. */
  private static final int SAMPLE_GROUP = 4;

  private final Architecture architecture;
  private final Network network;
  private final LabelledBatch batch;

  public Evaluator(Architecture architecture, Loss loss) {
    this(architecture, loss, MOST_SAMPLES);
  }

  /**
   * @param samples of the data sets that are evaluated, at least 1; larger ones are as right but no faster
   */
  public Evaluator(Architecture architecture, Loss loss, int samples) {
    this.architecture = architecture;
    LayerStack stack = architecture.stack();
    int wanted = Math.ceilDiv(samples, SAMPLE_GROUP) * SAMPLE_GROUP;
    this.network =
        Network.forInference(stack, Math.min(wanted, batchSize(stack)), KernelPolicy.usual());
    this.batch = new LabelledBatch(architecture, network, loss);
  }

  /** Samples of a batch, such that its activations are bounded; 1 where even those of one sample are above the bound. */
  static int batchSize(LayerStack stack) {
    long bounded = MOST_ACTIVATION_BYTES / (Float.BYTES * stack.activations());
    return bounded >= MOST_SAMPLES
        ? MOST_SAMPLES
        : (int) Math.max(1, bounded / SAMPLE_GROUP * SAMPLE_GROUP);
  }

  /**
   * Evaluates all images of a data set.
   *
   * @param model all parameters, in layout order; pruned ones are not used
   * @throws IllegalArgumentException if the data set is empty, or data, model or mask do not fit the network
   */
  public Evaluation evaluate(float[] model, Mask mask, Dataset data) {
    LabelledBatch.checkFits(data, architecture);
    if (data.size() == 0) {
      throw new IllegalArgumentException("There are no images to evaluate the model with.");
    }
    if (model.length != network.layout().size()) {
      throw new IllegalArgumentException(
          String.format(
              "Network %s has %d parameters, not %d.",
              architecture.network(), network.layout().size(), model.length));
    }
    network.load(model, mask);
    int[] all = IntStream.range(0, data.size()).toArray();
    long correct = 0;
    double lossSum = 0;
    for (int from = 0; from < all.length; from += network.batch()) {
      batch.infer(data, all, from, Math.min(network.batch(), all.length - from));
      correct += batch.correct();
      lossSum += batch.lossSum();
    }
    return new Evaluation((double) correct / all.length, lossSum / all.length, all.length);
  }

  @Override
  public void close() {
    network.close();
  }
}
