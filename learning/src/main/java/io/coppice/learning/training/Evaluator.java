package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.nn.Network;
import java.util.stream.IntStream;

/** Measures accuracy and loss of a model under a mask. Not thread-safe. */
public final class Evaluator implements AutoCloseable {

  private static final int BATCH = 100;

  private final Architecture architecture;
  private final Network network;
  private final LabelledBatch batch;
  private final MaskFactors masks = new MaskFactors();

  public Evaluator(Architecture architecture, Loss loss) {
    this.architecture = architecture;
    this.network = Network.forInference(architecture.stack(), BATCH);
    this.batch = new LabelledBatch(architecture, network, loss);
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
    network.load(model, masks.of(mask, network.layout()));
    int[] all = IntStream.range(0, data.size()).toArray();
    long correct = 0;
    double lossSum = 0;
    for (int from = 0; from < all.length; from += BATCH) {
      batch.forward(data, all, from, Math.min(BATCH, all.length - from));
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
