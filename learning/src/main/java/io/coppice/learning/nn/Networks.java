package io.coppice.learning.nn;

import io.coppice.learning.nn.KaimingUniform.Fan;
import io.coppice.learning.nn.LayerSpec.Convolution;
import io.coppice.learning.nn.LayerSpec.Flatten;
import io.coppice.learning.nn.LayerSpec.Linear;
import io.coppice.learning.nn.LayerSpec.MaxPool;
import io.coppice.learning.nn.LayerSpec.Relu;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;

/** The networks that a run may name, each as the list of its layers. */
final class Networks {

  /** By name, the layers for an input shape and a number of classes. */
  static final Map<String, BiFunction<Shape, Integer, List<LayerSpec>>> BY_NAME =
      new TreeMap<>(
          Map.of("conv2", Networks::conv2, "lenet5", Networks::lenet5, "mlp", Networks::mlp));

  private Networks() {}

  /**
   * Conv-2 of the PruneFL experiments on FEMNIST, with the authors' initialisation: the linear layers are scaled by their
   * outputs.
   */
  private static List<LayerSpec> conv2(Shape input, int classes) {
    KaimingUniform byOutputs = new KaimingUniform(0, Fan.OUT);
    return List.of(
        new Convolution("conv1", 32, 5, 2, KaimingUniform.DEFAULT),
        new Relu(),
        new MaxPool(2),
        new Convolution("conv2", 64, 5, 2, KaimingUniform.DEFAULT),
        new Relu(),
        new MaxPool(2),
        new Flatten(),
        new Linear("fc1", 2048, byOutputs),
        new Relu(),
        new Linear("fc2", classes, byOutputs));
  }

  /**
   * LeNet-5 (LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998) with ReLU and max-pooling. It was
   * made for 32 x 32 pixels; smaller images are padded by 2, as 28 x 28 pixels were then.
   */
  private static List<LayerSpec> lenet5(Shape input, int classes) {
    int padding = Math.min(input.height(), input.width()) < 32 ? 2 : 0;
    return List.of(
        new Convolution("conv1", 6, 5, padding, KaimingUniform.DEFAULT),
        new Relu(),
        new MaxPool(2),
        new Convolution("conv2", 16, 5, 0, KaimingUniform.DEFAULT),
        new Relu(),
        new MaxPool(2),
        new Flatten(),
        new Linear("fc1", 120, KaimingUniform.DEFAULT),
        new Relu(),
        new Linear("fc2", 84, KaimingUniform.DEFAULT),
        new Relu(),
        new Linear("fc3", classes, KaimingUniform.DEFAULT));
  }

  /** LeNet-300-100 (LeCun et al., 1998) with ReLU. */
  private static List<LayerSpec> mlp(Shape input, int classes) {
    return List.of(
        new Flatten(),
        new Linear("fc1", 300, KaimingUniform.DEFAULT),
        new Relu(),
        new Linear("fc2", 100, KaimingUniform.DEFAULT),
        new Relu(),
        new Linear("fc3", classes, KaimingUniform.DEFAULT));
  }
}
