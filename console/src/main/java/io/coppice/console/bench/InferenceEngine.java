package io.coppice.console.bench;

import io.coppice.learning.engine.Network;
import io.coppice.learning.model.Mask;

/** The forward passes of a model, without gradients. */
final class InferenceEngine implements Engine {

  private final BenchModel model;
  private final Network network;
  private final float[] images;
  private final float[] logits;

  /**
   * @param network for inference; closed with this
   */
  InferenceEngine(BenchModel model, Network network) {
    this.model = model;
    this.network = network;
    this.images = new float[network.batch() * model.data().imageSize()];
    this.logits = new float[network.batch() * network.outputs()];
  }

  @Override
  public void run(Mask mask, int units, boolean importance) {
    if (importance) {
      throw new IllegalArgumentException("Inference has no importance.");
    }
    int batch = network.batch();
    int[] indices = model.indices(units * batch);
    network.load(model.parameters(), mask);
    for (int unit = 0; unit < units; unit++) {
      for (int i = 0; i < batch; i++) {
        model.data().copyImage(indices[unit * batch + i], images, i * model.data().imageSize());
      }
      network.forward(images, logits);
    }
  }

  @Override
  public void close() {
    network.close();
  }
}
