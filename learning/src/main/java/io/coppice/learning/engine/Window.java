package io.coppice.learning.engine;

/**
 * What a convolution's weights see.
 *
 * @param inputs input channels
 * @param outputs output channels
 * @param kernel height and width of the kernel
 * @param stride in both directions
 * @param padding rows and columns of zeros around the input
 * @param depthwise whether output channel c sees input channel c alone
 */
record Window(int inputs, int outputs, int kernel, int stride, int padding, boolean depthwise) {

  /** Weights of an output channel. */
  int weightsAnOutput() {
    return (depthwise ? 1 : inputs) * kernel * kernel;
  }

  /** Number of weights, {@code [outputs][inputs][kernel][kernel]}. */
  int weights() {
    return outputs * weightsAnOutput();
  }

  int output(int weight) {
    return weight / weightsAnOutput();
  }

  int input(int weight) {
    return depthwise ? output(weight) : weight / (kernel * kernel) % inputs;
  }

  int row(int weight) {
    return weight / kernel % kernel;
  }

  int column(int weight) {
    return weight % kernel;
  }

  /** Margin that the gradient by the output needs so that the gradient by the input can be computed from it. */
  int gradientMargin() {
    return stride == 1 ? Math.max(kernel - 1 - padding, 0) : (kernel - 1) / stride + 1;
  }
}
