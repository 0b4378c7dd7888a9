package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.engine.Network;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import java.util.List;
import java.util.Objects;

/**
 * A trained model that tells the classes of images, batch after batch. Reading a batch and computing it are two steps, so that
 * each can be timed. Not thread-safe.
 */
public final class Predictor implements AutoCloseable {

  private final Architecture architecture;
  private final Loss loss;
  private final Network network;
  private final float[] images;
  private final float[] logits;
  private int samples;

  /**
   * Loads the model.
   *
   * @param loss what the model was trained by, which says how its logits are probabilities
   * @param parameters all parameters, in layout order; pruned ones are not used
   * @param batch images of a batch, at least 1
   * @param policy which layers are computed by their active weights
   * @throws IllegalArgumentException if model or mask do not fit the network
   */
  public Predictor(
      Architecture architecture,
      Loss loss,
      float[] parameters,
      Mask mask,
      int batch,
      KernelPolicy policy) {
    this.architecture = architecture;
    this.loss = loss;
    this.network = Network.forInference(architecture.stack(), batch, policy);
    this.images = new float[Math.multiplyExact(batch, architecture.stack().input().size())];
    this.logits = new float[batch * architecture.classes()];
    try {
      network.load(parameters, mask);
    } catch (IllegalArgumentException e) {
      network.close();
      throw e;
    }
  }

  /** Images of a batch. */
  public int batch() {
    return network.batch();
  }

  /** Number of classes that the model tells apart. */
  public int classes() {
    return architecture.classes();
  }

  /** How the prunable layers are computed, in layout order. */
  public List<Network.LayerChoice> choices() {
    return network.choices();
  }

  /**
   * Checks that images and classes are those of a network.
   *
   * @throws IllegalArgumentException if they are not
   */
  public static void checkFits(Dataset data, Architecture architecture) {
    LabelledBatch.checkFits(data, architecture);
  }

  /**
   * Reads images as the next batch.
   *
   * @param from index of the first one
   * @param count how many there are, at least 1 and at most a batch; the rest of the batch is computed and left out
   * @throws IllegalArgumentException if the images do not fit the network
   * @throws IndexOutOfBoundsException if there are not so many images
   */
  public void read(Dataset data, int from, int count) {
    checkFits(data, architecture);
    for (int i = 0; i < count; i++) {
      data.copyImage(from + i, images, i * data.imageSize());
    }
    samples = count;
  }

  /** Computes the logits of the images that were read. */
  public void compute() {
    network.infer(images, logits);
  }

  /**
   * A logit of the last batch.
   *
   * @param sample index in the batch
   */
  public float logit(int sample, int label) {
    return logits[at(sample) + label];
  }

  /** The class with the highest logit; of equal ones the first. */
  public int predicted(int sample) {
    int first = at(sample);
    int best = 0;
    for (int c = 1; c < architecture.classes(); c++) {
      if (logits[first + c] > logits[first + best]) {
        best = c;
      }
    }
    return best;
  }

  /**
   * How probable a class is by the model ({@link Loss#probability}).
   *
   * @return in [0, 1]
   */
  public double probability(int sample, int label) {
    return loss.probability(logits, at(sample), architecture.classes(), label);
  }

  private int at(int sample) {
    Objects.checkIndex(sample, samples);
    return sample * architecture.classes();
  }

  @Override
  public void close() {
    network.close();
  }
}
