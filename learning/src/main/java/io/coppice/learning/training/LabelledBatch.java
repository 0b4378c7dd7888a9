package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.Network;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;

/** One batch of images with its labels, its logits and its loss under a network. The buffers are used again for every batch. */
final class LabelledBatch {

  private final Architecture architecture;
  private final Network network;
  private final Loss loss;
  private final float[] images;
  private final int[] labels;
  private final float[] logits;
  private final float[] logitGradient;
  private int samples;

  LabelledBatch(Architecture architecture, Network network, Loss loss) {
    this.architecture = architecture;
    this.network = network;
    this.loss = loss;
    int capacity = network.batch();
    this.images =
        new float
            [capacity * architecture.channels() * architecture.height() * architecture.width()];
    this.labels = new int[capacity];
    this.logits = new float[capacity * network.outputs()];
    this.logitGradient = new float[logits.length];
  }

  /**
   * Checks that images and classes are those of the network.
   *
   * @throws IllegalArgumentException if they are not
   */
  static void checkFits(Dataset data, Architecture architecture) {
    if (data.channels() != architecture.channels()
        || data.height() != architecture.height()
        || data.width() != architecture.width()) {
      throw new IllegalArgumentException(
          String.format(
              "The network takes images of %d x %d x %d (channels, rows, columns), but the data set"
                  + " has images of %d x %d x %d.",
              architecture.channels(),
              architecture.height(),
              architecture.width(),
              data.channels(),
              data.height(),
              data.width()));
    }
    if (data.classes() > architecture.classes()) {
      throw new IllegalArgumentException(
          String.format(
              "The network tells %d classes apart, but the data set has %d.",
              architecture.classes(), data.classes()));
    }
  }

  /**
   * Takes images and computes their logits in training.
   *
   * @param indices of images in {@code data}, {@code network.batch()} of them from {@code from} on
   */
  void forward(Dataset data, int[] indices, int from) {
    take(data, indices, from, network.batch());
    network.forward(images, logits);
  }

  /**
   * Takes images and computes their logits.
   *
   * @param indices of images in {@code data}
   * @param from index of the batch's first entry in {@code indices}
   * @param count images, at most the network's batch; the rest of the batch is computed and left out
   */
  void infer(Dataset data, int[] indices, int from, int count) {
    take(data, indices, from, count);
    network.infer(images, logits);
  }

  private void take(Dataset data, int[] indices, int from, int count) {
    samples = count;
    int imageSize = data.imageSize();
    for (int i = 0; i < count; i++) {
      int index = indices[from + i];
      data.copyImage(index, images, i * imageSize);
      labels[i] = data.label(index);
    }
  }

  /** The gradient of the mean loss of a full batch by its logits, {@code [batch, classes]}; follows {@link #forward}. */
  float[] logitGradient() {
    loss.gradient(logits, labels, samples, architecture.classes(), logitGradient);
    return logitGradient;
  }

  /** The loss summed over the images. */
  double lossSum() {
    return loss.sum(logits, labels, samples, architecture.classes());
  }

  /** Number of images whose class has the highest logit; of equal ones the first counts. */
  int correct() {
    int classes = architecture.classes();
    int correct = 0;
    for (int i = 0; i < samples; i++) {
      int best = 0;
      for (int c = 1; c < classes; c++) {
        if (logits[i * classes + c] > logits[i * classes + best]) {
          best = c;
        }
      }
      correct += best == labels[i] ? 1 : 0;
    }
    return correct;
  }
}
