package io.coppice.learning.export;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.LayerStack;
import io.coppice.learning.nn.Loss;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/** Models that nobody has trained, but whose every parameter matters for the logits. */
final class TestModels {

  private TestModels() {}

  static TrainedModel of(Architecture architecture, long seed) {
    LayerStack stack = architecture.stack();
    Mask mask = mask(stack.layout(), seed);
    return new TrainedModel(
        "digits",
        6,
        9,
        2,
        architecture,
        Loss.SOFTMAX_CROSS_ENTROPY,
        mask,
        parameters(stack.layout(), mask, seed));
  }

  /** Of every layer another share of the weights, from a tenth to nine tenths. */
  static Mask mask(ParameterLayout layout, long seed) {
    Random random = new Random(seed);
    List<BitSet> layers = new ArrayList<>();
    for (ParameterTensor weight : layout.prunable()) {
      double density = 0.1 + 0.8 * random.nextDouble();
      BitSet bits = new BitSet();
      for (int i = 0; i < weight.size(); i++) {
        bits.set(i, random.nextDouble() < density);
      }
      layers.add(bits);
    }
    return Mask.of(layout, layers);
  }

  /**
   * Active weights are as large as keeps the values of all layers at about 1 (He et al., 2015), so that no layer drowns in the
   * biases behind it; a batch normalisation has statistics and a scale of its own in every channel. Pruned weights are not 0.
   */
  static float[] parameters(ParameterLayout layout, Mask mask, long seed) {
    Random random = new Random(seed + 1);
    float[] parameters = new float[layout.size()];
    int layer = 0;
    for (ParameterTensor tensor : layout.tensors()) {
      boolean normalisation = tensor.shape().size() == 1;
      double density = tensor.prunable() ? mask.density(layer++) : 1;
      double deviation = Math.sqrt(2 / (density * tensor.size() / tensor.shape().getFirst()));
      for (int i = tensor.offset(); i < tensor.end(); i++) {
        parameters[i] =
            (float)
                switch (tensor.role()) {
                  case WEIGHT ->
                      normalisation ? 0.5 + random.nextDouble() : deviation * random.nextGaussian();
                  case BIAS, RUNNING_MEAN -> 0.3 * random.nextGaussian();
                  case RUNNING_VARIANCE -> 0.3 + 2 * random.nextDouble();
                };
      }
    }
    return parameters;
  }
}
