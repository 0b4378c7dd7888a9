package io.coppice.learning.nn;

import io.coppice.learning.nn.Initialisation.Fan;
import io.coppice.learning.nn.LayerSpec.BatchNorm;
import io.coppice.learning.nn.LayerSpec.Convolution;
import io.coppice.learning.nn.LayerSpec.DepthwiseConvolution;
import io.coppice.learning.nn.LayerSpec.Flatten;
import io.coppice.learning.nn.LayerSpec.GlobalAveragePool;
import io.coppice.learning.nn.LayerSpec.Linear;
import io.coppice.learning.nn.LayerSpec.MaxPool;
import io.coppice.learning.nn.LayerSpec.Relu;
import io.coppice.learning.nn.LayerSpec.Residual;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;

/** The networks that a run may name, each as the list of its layers. */
final class Networks {

  /** By name, the layers for an input shape and a number of classes. */
  static final Map<String, BiFunction<Shape, Integer, List<LayerSpec>>> BY_NAME =
      new TreeMap<>(
          Map.of(
              "conv2", Networks::conv2,
              "conv4", Networks::conv4,
              "dscnn", Networks::dscnn,
              "lenet5", Networks::lenet5,
              "mlp", Networks::mlp,
              "resnet18", Networks::resnet18,
              "vgg11", Networks::vgg11));

  private static final KaimingNormal RESNET = new KaimingNormal(Fan.OUT);

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

  /** Conv-4 of the PruneFL experiments on CelebA, which has no activation but the maximum of its pools. */
  private static List<LayerSpec> conv4(Shape input, int classes) {
    List<LayerSpec> layers = new ArrayList<>();
    int[] paddings = {1, 1, 2, 2};
    for (int i = 1; i <= paddings.length; i++) {
      layers.add(new Convolution("conv" + i, 32, 3, paddings[i - 1], KaimingUniform.DEFAULT));
      layers.add(new BatchNorm("bn" + i));
      layers.add(new MaxPool(2));
    }
    layers.add(new Flatten());
    layers.add(new Linear("fc", classes, KaimingUniform.DEFAULT));
    return layers;
  }

  /**
   * VGG-11 (Simonyan and Zisserman, "Very Deep Convolutional Networks", 2015) as in the PruneFL experiments on CIFAR-10: narrow
   * linear layers, no dropout, and the authors' initialisation.
   */
  private static List<LayerSpec> vgg11(Shape input, int classes) {
    List<LayerSpec> layers = new ArrayList<>();
    int[][] stages = {{64}, {128}, {256, 256}, {512, 512}, {512, 512}};
    int number = 0;
    for (int[] stage : stages) {
      for (int outputs : stage) {
        layers.add(new Convolution("conv" + ++number, outputs, 3, 1, KaimingUniform.DEFAULT));
        layers.add(new Relu());
      }
      layers.add(new MaxPool(2));
    }
    KaimingUniform byInputs = new KaimingUniform(0, Fan.IN);
    layers.add(new Flatten());
    layers.add(new Linear("fc1", 512, byInputs));
    layers.add(new Relu());
    layers.add(new Linear("fc2", 512, byInputs));
    layers.add(new Relu());
    layers.add(new Linear("fc3", classes, new KaimingUniform(1.5 * 1.5, Fan.OUT)));
    return layers;
  }

  /**
   * ResNet-18 (He et al., "Deep Residual Learning for Image Recognition", 2016), with the layers' usual names and the stride in a
   * block's first convolution. As in the PruneFL experiments on ImageNet-100 the convolutions of the shortcuts are not prunable.
   */
  private static List<LayerSpec> resnet18(Shape input, int classes) {
    List<LayerSpec> layers = new ArrayList<>();
    layers.add(new Convolution("conv1", 64, 7, 2, 3, false, true, RESNET));
    layers.add(new BatchNorm("bn1"));
    layers.add(new Relu());
    layers.add(new MaxPool(3, 2, 1));
    for (int stage = 1; stage <= 4; stage++) {
      int outputs = 32 << stage;
      for (int block = 0; block < 2; block++) {
        boolean halves = stage > 1 && block == 0;
        layers.add(basicBlock("layer" + stage + "." + block + ".", outputs, halves));
        layers.add(new Relu());
      }
    }
    layers.add(new GlobalAveragePool());
    layers.add(new Flatten());
    layers.add(new Linear("fc", classes, KaimingUniform.DEFAULT));
    return layers;
  }

  private static Residual basicBlock(String prefix, int outputs, boolean halves) {
    int stride = halves ? 2 : 1;
    return new Residual(
        List.of(
            new Convolution(prefix + "conv1", outputs, 3, stride, 1, false, true, RESNET),
            new BatchNorm(prefix + "bn1"),
            new Relu(),
            new Convolution(prefix + "conv2", outputs, 3, 1, 1, false, true, RESNET),
            new BatchNorm(prefix + "bn2")),
        halves
            ? List.of(
                new Convolution(
                    prefix + "downsample.0", outputs, 1, stride, 0, false, false, RESNET),
                new BatchNorm(prefix + "downsample.1"))
            : List.of());
  }

  /**
   * A depthwise separable network for small images, after the DS-CNN of Zhang et al., "Hello Edge: Keyword Spotting on
   * Microcontrollers", 2017, in its small size: 64 channels, the stride in the first convolution, and four blocks.
   */
  private static List<LayerSpec> dscnn(Shape input, int classes) {
    int channels = 64;
    List<LayerSpec> layers = new ArrayList<>();
    layers.add(new Convolution("conv1", channels, 3, 2, 1, false, true, KaimingUniform.DEFAULT));
    layers.add(new BatchNorm("bn1"));
    layers.add(new Relu());
    for (int block = 1; block <= 4; block++) {
      String prefix = "block" + block + ".";
      layers.add(
          new DepthwiseConvolution(prefix + "depthwise", 3, 1, 1, false, KaimingUniform.DEFAULT));
      layers.add(new BatchNorm(prefix + "bn1"));
      layers.add(new Relu());
      layers.add(
          new Convolution(
              prefix + "pointwise", channels, 1, 1, 0, false, true, KaimingUniform.DEFAULT));
      layers.add(new BatchNorm(prefix + "bn2"));
      layers.add(new Relu());
    }
    layers.add(new GlobalAveragePool());
    layers.add(new Flatten());
    layers.add(new Linear("fc", classes, KaimingUniform.DEFAULT));
    return layers;
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
