package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.random.SplitMix64;

/**
 * The parameters that a run starts from. Every tensor is drawn from its own stream, seeded by the run's seed and the
 * tensor's place; only IEEE arithmetic is used, so that the same seed gives the same bits on every machine.
 */
public final class InitialParameters {

  private InitialParameters() {}

  /**
   * Draws all parameters of an architecture: weights by their layer's {@link KaimingUniform}, biases in (-1/sqrt(fan in),
   * 1/sqrt(fan in)).
   *
   * @return one value a parameter, in layout order
   */
  public static float[] of(Architecture architecture, long seed) {
    return of(architecture.stack(), seed);
  }

  static float[] of(LayerStack stack, long seed) {
    float[] parameters = new float[stack.layout().size()];
    int tensor = 0;
    for (int i = 0; i < stack.layers().size(); i++) {
      if (stack.layers().get(i) instanceof LayerSpec.Parameterised layer) {
        int fanIn = layer.fanIn(stack.input(i));
        double weightBound = layer.initialisation().bound(fanIn, layer.outputs());
        double biasBound = 1 / Math.sqrt(fanIn);
        for (double bound : new double[] {weightBound, biasBound}) {
          SplitMix64 stream = new SplitMix64(SplitMix64.seed(seed, tensor));
          fill(parameters, stack.layout().tensors().get(tensor++), bound, stream);
        }
      }
    }
    return parameters;
  }

  private static void fill(
      float[] parameters, ParameterTensor tensor, double bound, SplitMix64 random) {
    for (int i = tensor.offset(); i < tensor.end(); i++) {
      parameters[i] = (float) ((2 * random.nextDouble() - 1) * bound);
    }
  }
}
