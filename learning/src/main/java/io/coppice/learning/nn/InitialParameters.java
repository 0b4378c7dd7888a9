package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.random.SplitMix64;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The parameters that a run starts from. Every tensor is drawn from its own stream, seeded by the run's seed and the
 * tensor's place; only IEEE arithmetic is used, so that the same seed gives the same bits on every machine.
 */
public final class InitialParameters {

  private InitialParameters() {}

  /**
   * Draws all parameters of an architecture: weights by their layer's {@link Initialisation}, biases in (-1/sqrt(fan in),
   * 1/sqrt(fan in)). A batch normalisation starts as the identity.
   *
   * @return one value a parameter, in layout order
   */
  public static float[] of(Architecture architecture, long seed) {
    return of(architecture.stack(), seed);
  }

  static float[] of(LayerStack stack, long seed) {
    Map<String, LayerStack.Placed> layers =
        stack.parameterised().stream()
            .collect(Collectors.toMap(placed -> placed.layer().name(), Function.identity()));
    List<ParameterTensor> tensors = stack.layout().tensors();
    float[] parameters = new float[stack.layout().size()];
    for (int t = 0; t < tensors.size(); t++) {
      ParameterTensor tensor = tensors.get(t);
      LayerStack.Placed placed = layers.get(tensor.layer());
      SplitMix64 stream = new SplitMix64(SplitMix64.seed(seed, t));
      DoubleSupplier values = placed.layer().initialValues(tensor.role(), placed.input(), stream);
      for (int i = tensor.offset(); i < tensor.end(); i++) {
        parameters[i] = (float) values.getAsDouble();
      }
    }
    return parameters;
  }
}
