package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterTensor;
import java.util.SplittableRandom;

/**
 * The parameters that a run starts from. Every tensor is drawn from its own stream, split in layout order from the run's seed;
 * only IEEE arithmetic is used, so that the same seed gives the same bits on every machine.
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
    SplittableRandom streams = new SplittableRandom(seed);
    float[] parameters = new float[stack.layout().size()];
    int tensor = 0;
    for (int i = 0; i < stack.layers().size(); i++) {
      if (stack.layers().get(i) instanceof LayerSpec.Parameterised layer) {
        int fanIn = layer.fanIn(stack.input(i));
        double weightBound = layer.initialisation().bound(fanIn, layer.outputs());
        double biasBound = 1 / Math.sqrt(fanIn);
        fill(parameters, stack.layout().tensors().get(tensor++), weightBound, streams.split());
        fill(parameters, stack.layout().tensors().get(tensor++), biasBound, streams.split());
      }
    }
    return parameters;
  }

  private static void fill(
      float[] parameters, ParameterTensor tensor, double bound, SplittableRandom random) {
    for (int i = tensor.offset(); i < tensor.end(); i++) {
      parameters[i] = (float) ((2 * random.nextDouble() - 1) * bound);
    }
  }
}
