package io.coppice.learning.nn;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A layer of a {@link Network} in dense mathematics: the operations of its forward and of its backward pass, bound to the
 * arrays that they work on.
 */
abstract class DenseLayer {

  private final List<NativeOp> forward = new ArrayList<>();
  private final List<NativeOp> backward = new ArrayList<>();

  /** The weight and bias of a layer, or their gradients, as views of the network's flat arrays. */
  record Parameters(INDArray weight, INDArray bias) {}

  /** Creates arrays that live as long as the network. */
  interface Allocator {
    INDArray allocate(long... shape);
  }

  /** Adds an operation to the forward pass. */
  final void onForward(NativeOp op) {
    forward.add(op);
  }

  /** Adds an operation to the backward pass. */
  final void onBackward(NativeOp op) {
    backward.add(op);
  }

  final void forward() {
    forward.forEach(NativeOp::run);
  }

  final void backward() {
    backward.forEach(NativeOp::run);
  }

  /** The layer's output, {@code [batch, ...]}. */
  abstract INDArray output();

  /**
   * Builds the backward pass.
   *
   * @param outputGradient the loss's gradient by the output, in the output's shape; the layer may overwrite it
   * @param gradients take the loss's gradient by the layer's parameters; null for a layer without any
   * @param needsInputGradient whether there is a layer before this one that learns
   * @return the loss's gradient by the input, or null if it is not needed
   */
  abstract INDArray connectBackward(
      INDArray outputGradient,
      Parameters gradients,
      boolean needsInputGradient,
      Allocator allocator);

  /** Convolution by ND4J's conv2d in NCHW with weights as {@code [out, in, height, width]}. */
  static final class Convolution extends DenseLayer {

    private static final long NCHW = 0;
    private static final long WEIGHTS_OUT_IN_Y_X = 1;

    private final INDArray input;
    private final Parameters parameters;
    private final INDArray output;
    private final long[] arguments;

    Convolution(
        LayerSpec.Convolution spec,
        Shape outputShape,
        INDArray input,
        Parameters parameters,
        Allocator allocator) {
      this.input = input;
      this.parameters = parameters;
      this.output =
          allocator.allocate(
              input.size(0), outputShape.channels(), outputShape.height(), outputShape.width());
      // kernel, stride, padding, dilation (height and width each), explicit padding, layouts
      this.arguments =
          new long[] {
            spec.kernel(),
            spec.kernel(),
            1,
            1,
            spec.padding(),
            spec.padding(),
            1,
            1,
            0,
            NCHW,
            WEIGHTS_OUT_IN_Y_X
          };
      onForward(
          new NativeOp(
              "conv2d",
              List.of(input, parameters.weight(), parameters.bias()),
              List.of(output),
              arguments));
    }

    @Override
    INDArray output() {
      return output;
    }

    @Override
    INDArray connectBackward(
        INDArray outputGradient,
        Parameters gradients,
        boolean needsInputGradient,
        Allocator allocator) {
      INDArray inputGradient = allocator.allocate(input.shape()); // conv2d_bp always computes it
      onBackward(
          new NativeOp(
              "conv2d_bp",
              List.of(input, parameters.weight(), parameters.bias(), outputGradient),
              List.of(inputGradient, gradients.weight(), gradients.bias()),
              arguments));
      return inputGradient;
    }
  }

  /** output = input x weight^T + bias with weights as {@code [out, in]}. */
  static final class Linear extends DenseLayer {

    private final INDArray input;
    private final Parameters parameters;
    private final INDArray output;

    Linear(LayerSpec.Linear spec, INDArray input, Parameters parameters, Allocator allocator) {
      this.input = input;
      this.parameters = parameters;
      this.output = allocator.allocate(input.size(0), spec.outputs());
      onForward(new NativeOp("matmul", List.of(input, parameters.weight()), List.of(output), 0, 1));
      onForward(new NativeOp("biasadd", List.of(output, parameters.bias()), List.of(output)));
    }

    @Override
    INDArray output() {
      return output;
    }

    @Override
    INDArray connectBackward(
        INDArray outputGradient,
        Parameters gradients,
        boolean needsInputGradient,
        Allocator allocator) {
      onBackward(
          new NativeOp(
              "matmul", List.of(outputGradient, input), List.of(gradients.weight()), 1, 0));
      onBackward(new NativeOp("reduce_sum", List.of(outputGradient), List.of(gradients.bias()), 0));
      if (!needsInputGradient) {
        return null;
      }
      INDArray inputGradient = allocator.allocate(input.shape());
      onBackward(
          new NativeOp(
              "matmul",
              List.of(outputGradient, parameters.weight()),
              List.of(inputGradient),
              0,
              0));
      return inputGradient;
    }
  }

  /** ReLU in place: no layer before it needs what it overwrites, neither its input nor the gradient by its output. */
  static final class Relu extends DenseLayer {

    private static final double[] THRESHOLD = {0};

    private final INDArray output;

    Relu(INDArray input) {
      this.output = input;
      onForward(new NativeOp("relu", List.of(input), List.of(input), THRESHOLD));
    }

    @Override
    INDArray output() {
      return output;
    }

    @Override
    INDArray connectBackward(
        INDArray outputGradient,
        Parameters gradients,
        boolean needsInputGradient,
        Allocator allocator) {
      // The output is positive exactly where the input was.
      onBackward(
          new NativeOp(
              "relu_bp", List.of(output, outputGradient), List.of(outputGradient), THRESHOLD));
      return outputGradient;
    }
  }

  /** Max-pooling by ND4J's maxpool2d in NCHW. */
  static final class MaxPool extends DenseLayer {

    private final INDArray input;
    private final INDArray output;
    private final long[] arguments;

    MaxPool(LayerSpec.MaxPool spec, Shape outputShape, INDArray input, Allocator allocator) {
      this.input = input;
      this.output =
          allocator.allocate(
              input.size(0), outputShape.channels(), outputShape.height(), outputShape.width());
      // kernel, stride, padding, dilation (height and width each), explicit padding, unused, NCHW
      this.arguments =
          new long[] {spec.size(), spec.size(), spec.size(), spec.size(), 0, 0, 1, 1, 0, 0, 0};
      onForward(new NativeOp("maxpool2d", List.of(input), List.of(output), arguments));
    }

    @Override
    INDArray output() {
      return output;
    }

    @Override
    INDArray connectBackward(
        INDArray outputGradient,
        Parameters gradients,
        boolean needsInputGradient,
        Allocator allocator) {
      INDArray inputGradient = allocator.allocate(input.shape());
      onBackward(
          new NativeOp(
              "maxpool2d_bp", List.of(input, outputGradient), List.of(inputGradient), arguments));
      return inputGradient;
    }
  }

  /** The same memory in another shape. */
  static final class Flatten extends DenseLayer {

    private final INDArray input;
    private final INDArray output;

    Flatten(INDArray input) {
      this.input = input;
      this.output = input.reshape('c', input.size(0), input.length() / input.size(0));
    }

    @Override
    INDArray output() {
      return output;
    }

    @Override
    INDArray connectBackward(
        INDArray outputGradient,
        Parameters gradients,
        boolean needsInputGradient,
        Allocator allocator) {
      return outputGradient.reshape('c', input.shape());
    }
  }
}
