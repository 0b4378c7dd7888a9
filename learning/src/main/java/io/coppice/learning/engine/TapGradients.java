package io.coppice.learning.engine;

import io.coppice.learning.kernels.Taps;
import java.util.function.BiConsumer;

/**
 * The gradient by all weights of a convolution, weight by weight: for convolutions of few channels, as a first layer's or a
 * depthwise one's, whose patches would have rows of a few values.
 */
final class TapGradients extends AllWeightGradients {

  private final Taps all;
  private final BiConsumer<Taps, float[]> kernel;

  /**
   * @param all all weights of the layer
   * @param kernel computes their gradients
   */
  TapGradients(Taps all, BiConsumer<Taps, float[]> kernel) {
    super(all.size());
    this.all = all;
    this.kernel = kernel;
  }

  @Override
  void compute(float[] target) {
    kernel.accept(all, target);
  }

  @Override
  int index(int weight) {
    return weight;
  }
}
