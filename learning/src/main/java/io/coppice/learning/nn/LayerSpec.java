package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.random.SplitMix64;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * What a layer is, independent of how it is computed: its parameters and the shape that it makes of its input. A kind of layer
 * is added by a record here and by its computation in {@code engine.ChainBuilder}.
 */
public sealed interface LayerSpec {

  /**
   * The shape of the layer's output.
   *
   * @throws IllegalArgumentException if the input is too small for the layer, or not of the rank that it needs
   */
  Shape output(Shape input);

  /** A layer with parameters of its own. */
  sealed interface Parameterised extends LayerSpec {

    /** The layer's name in the parameter layout, unique in its network. */
    String name();

    /** Whether a mask may switch single weights of the layer off. */
    boolean prunable();

    /** Adds the layer's tensors, the weight before the bias. */
    void addTo(ParameterLayout.Builder layout, Shape input);

    /**
     * The values from which one of the layer's tensors starts, in row-major order.
     *
     * @param role which tensor
     * @param random the tensor's own stream
     */
    DoubleSupplier initialValues(ParameterTensor.Role role, Shape input, SplitMix64 random);
  }

  /** A layer whose outputs are sums of products of inputs and weights, and a bias if it has one. */
  sealed interface Weighted extends Parameterised {

    /** Distribution of the initial weights. */
    Initialisation initialisation();

    /** Whether every output channel or feature has a bias. */
    boolean bias();

    /** Number of input values that one output is computed from. */
    int fanIn(Shape input);

    /** Number of outputs that one input value takes part in, strides and borders aside. */
    int fanOut();

    /** Shape of the weight. */
    List<Integer> weightShape(Shape input);

    @Override
    default void addTo(ParameterLayout.Builder layout, Shape input) {
      List<Integer> shape = weightShape(input);
      if (prunable()) {
        layout.weight(name(), shape);
      } else {
        layout.unprunableWeight(name(), shape);
      }
      if (bias()) {
        layout.bias(name(), shape.getFirst());
      }
    }

    /** Weights as {@link #initialisation} says; biases uniform in (-1/sqrt(fan in), 1/sqrt(fan in)). */
    @Override
    default DoubleSupplier initialValues(
        ParameterTensor.Role role, Shape input, SplitMix64 random) {
      int fanIn = fanIn(input);
      return role == ParameterTensor.Role.WEIGHT
          ? initialisation().weights(fanIn, fanOut(), random)
          : KaimingUniform.uniform(1 / Math.sqrt(fanIn), random);
    }
  }

  /**
   * A convolution with a square kernel. An output pixel is missing where the kernel would reach beyond the padding, so a stride
   * that does not divide the input leaves rows and columns at the lower right out.
   *
   * @param outputs output channels, at least 1
   * @param kernel height and width of the kernel, at least 1
   * @param stride rows and columns from one position of the kernel to the next, at least 1
   * @param padding rows and columns of zeros on every side, at least 0
   */
  record Convolution(
      String name,
      int outputs,
      int kernel,
      int stride,
      int padding,
      boolean bias,
      boolean prunable,
      Initialisation initialisation)
      implements Weighted {

    public Convolution {
      checkWindow("Layer " + name, kernel, stride, padding);
      checkOutputs(name, outputs);
    }

    /** A prunable convolution of stride 1 with a bias. */
    public Convolution(
        String name, int outputs, int kernel, int padding, Initialisation initialisation) {
      this(name, outputs, kernel, 1, padding, true, true, initialisation);
    }

    @Override
    public Shape output(Shape input) {
      return convolved(name, input, outputs, kernel, stride, padding);
    }

    @Override
    public int fanIn(Shape input) {
      return input.channels() * kernel * kernel;
    }

    @Override
    public int fanOut() {
      return outputs * kernel * kernel;
    }

    @Override
    public List<Integer> weightShape(Shape input) {
      return List.of(outputs, input.channels(), kernel, kernel);
    }
  }

  /**
   * A convolution with one square kernel a channel: an output channel sees its own input channel only. Prunable.
   *
   * @param kernel height and width of the kernels, at least 1
   * @param stride rows and columns from one position of a kernel to the next, at least 1
   * @param padding rows and columns of zeros on every side, at least 0
   */
  record DepthwiseConvolution(
      String name, int kernel, int stride, int padding, boolean bias, Initialisation initialisation)
      implements Weighted {

    public DepthwiseConvolution {
      checkWindow("Layer " + name, kernel, stride, padding);
    }

    @Override
    public Shape output(Shape input) {
      return convolved(name, input, input.channels(), kernel, stride, padding);
    }

    @Override
    public boolean prunable() {
      return true;
    }

    @Override
    public int fanIn(Shape input) {
      return kernel * kernel;
    }

    @Override
    public int fanOut() {
      return kernel * kernel;
    }

    @Override
    public List<Integer> weightShape(Shape input) {
      return List.of(input.channels(), 1, kernel, kernel);
    }
  }

  /**
   * A fully connected layer with a bias. Prunable.
   *
   * @param outputs output features, at least 1
   */
  record Linear(String name, int outputs, Initialisation initialisation) implements Weighted {

    public Linear {
      checkOutputs(name, outputs);
    }

    @Override
    public Shape output(Shape input) {
      if (input.positions() != 1) {
        throw new IllegalArgumentException(
            String.format("layer %s needs a flat input, not %s", name, input));
      }
      return new Shape(outputs, 1, 1);
    }

    @Override
    public boolean prunable() {
      return true;
    }

    @Override
    public boolean bias() {
      return true;
    }

    @Override
    public int fanIn(Shape input) {
      return input.channels();
    }

    @Override
    public int fanOut() {
      return outputs;
    }

    @Override
    public List<Integer> weightShape(Shape input) {
      return List.of(outputs, input.channels());
    }
  }

  /**
   * Batch normalisation of every channel (Ioffe and Szegedy, "Batch Normalization", 2015): {@code scale x (x - mean) /
   * sqrt(variance + EPSILON) + bias}. Not prunable.
   *
   * <p>In training, mean and (biased) variance are those of the channel's values in the batch, of which there must be 2 or more,
   * and the running statistics follow: {@code running = (1 - MOMENTUM) x running + MOMENTUM x batch}, with the batch's unbiased
   * variance. In inference the running statistics are used. They belong to the parameters, and are merged as all others are, but
   * no gradient changes them.
   */
  record BatchNorm(String name) implements Parameterised {

    /** Added to the variance. */
    public static final double EPSILON = 1e-5;

    /** Share of a batch in the running statistics. */
    public static final double MOMENTUM = 0.1;

    @Override
    public Shape output(Shape input) {
      return input;
    }

    @Override
    public boolean prunable() {
      return false;
    }

    @Override
    public void addTo(ParameterLayout.Builder layout, Shape input) {
      layout
          .unprunableWeight(name, List.of(input.channels()))
          .bias(name, input.channels())
          .runningStatistics(name, input.channels());
    }

    /** The identity: scale and variance 1, bias and mean 0. */
    @Override
    public DoubleSupplier initialValues(ParameterTensor.Role role, Shape input, SplitMix64 random) {
      return switch (role) {
        case WEIGHT, RUNNING_VARIANCE -> () -> 1;
        case BIAS, RUNNING_MEAN -> () -> 0;
      };
    }
  }

  /** max(x, 0). */
  record Relu() implements LayerSpec {

    @Override
    public Shape output(Shape input) {
      return input;
    }
  }

  /**
   * The maximum of squares. Pixels of the padding are never the maximum; rows and columns at the lower right that do not fill a
   * square are left out.
   *
   * @param size height and width of a square, at least 1
   * @param stride rows and columns from one square to the next, at least 1
   * @param padding rows and columns added on every side, at least 0 and at most half a square
   */
  record MaxPool(int size, int stride, int padding) implements LayerSpec {

    public MaxPool {
      checkWindow("Max-pooling", size, stride, padding);
      if (padding > size / 2) {
        throw new IllegalArgumentException(
            String.format(
                "Max-pooling of %d x %d pixels takes a padding of at most half of that, not %d.",
                size, size, padding));
      }
    }

    /** Squares side by side. */
    public MaxPool(int size) {
      this(size, size, 0);
    }

    @Override
    public Shape output(Shape input) {
      return pooled(input, size, stride, padding);
    }
  }

  /**
   * The mean of squares side by side; rows and columns that do not fill a square are left out.
   *
   * @param size height and width of a square, at least 1
   */
  record AveragePool(int size) implements LayerSpec {

    public AveragePool {
      checkWindow("Average-pooling", size, size, 0);
    }

    @Override
    public Shape output(Shape input) {
      return pooled(input, size, size, 0);
    }
  }

  /** The mean of every channel. */
  record GlobalAveragePool() implements LayerSpec {

    @Override
    public Shape output(Shape input) {
      return new Shape(input.channels(), 1, 1);
    }
  }

  /** Channels, rows and columns as one vector of features, the channel varying slowest. */
  record Flatten() implements LayerSpec {

    @Override
    public Shape output(Shape input) {
      return new Shape(input.size(), 1, 1);
    }
  }

  /**
   * {@code body(x) + shortcut(x)} (He et al., "Deep Residual Learning for Image Recognition", 2016).
   *
   * @param body layers one after another
   * @param shortcut layers one after another; none for the input as it is
   */
  record Residual(List<LayerSpec> body, List<LayerSpec> shortcut) implements LayerSpec {

    public Residual {
      body = List.copyOf(body);
      shortcut = List.copyOf(shortcut);
    }

    /** The body, with its shapes. */
    public LayerStack bodyStack(Shape input) {
      return new LayerStack(input, body);
    }

    /** The shortcut, with its shapes. */
    public LayerStack shortcutStack(Shape input) {
      return new LayerStack(input, shortcut);
    }

    @Override
    public Shape output(Shape input) {
      Shape ofBody = bodyStack(input).output();
      Shape ofShortcut = shortcutStack(input).output();
      if (!ofBody.equals(ofShortcut)) {
        throw new IllegalArgumentException(
            String.format(
                "the body of a residual block makes %s of %s, but its shortcut %s",
                ofBody, input, ofShortcut));
      }
      return ofBody;
    }
  }

  private static Shape convolved(
      String name, Shape input, int outputs, int kernel, int stride, int padding) {
    if (input.height() + 2 * padding < kernel || input.width() + 2 * padding < kernel) {
      throw new IllegalArgumentException(
          String.format(
              "layer %s cannot convolve %d x %d pixels with a kernel of %d x %d",
              name, input.height(), input.width(), kernel, kernel));
    }
    return windows(input, outputs, kernel, stride, padding);
  }

  private static Shape pooled(Shape input, int size, int stride, int padding) {
    if (input.height() + 2 * padding < size || input.width() + 2 * padding < size) {
      throw new IllegalArgumentException(
          String.format(
              "there are no squares of %d x %d in %d x %d pixels to pool",
              size, size, input.height(), input.width()));
    }
    return windows(input, input.channels(), size, stride, padding);
  }

  private static Shape windows(Shape input, int channels, int size, int stride, int padding) {
    return new Shape(
        channels,
        (input.height() + 2 * padding - size) / stride + 1,
        (input.width() + 2 * padding - size) / stride + 1);
  }

  private static void checkWindow(String what, int size, int stride, int padding) {
    if (size < 1 || stride < 1 || padding < 0) {
      throw new IllegalArgumentException(
          String.format(
              "%s needs squares and a stride of at least 1 pixel and a padding of at least 0, not"
                  + " %d, %d and %d.",
              what, size, stride, padding));
    }
  }

  private static void checkOutputs(String name, int outputs) {
    if (outputs < 1) {
      throw new IllegalArgumentException(
          "Layer " + name + " needs at least 1 output, not " + outputs + ".");
    }
  }
}
