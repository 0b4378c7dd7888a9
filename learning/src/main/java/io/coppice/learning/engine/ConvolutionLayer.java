package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.model.ParameterTensor;

/**
 * A convolution. A depthwise one is always sparse: as a dense one over all channels it would multiply by zeros nearly
 * everywhere.
 */
final class ConvolutionLayer extends WeightedLayer {

  private final Window window;
  private final KernelPolicy policy;
  private final boolean training;

  ConvolutionLayer(
      Kernels kernels,
      FeatureMaps in,
      FeatureMaps out,
      ParameterTensor weight,
      ParameterTensor bias,
      Window window,
      KernelPolicy policy,
      boolean training) {
    super(kernels, in, out, weight, bias);
    this.window = window;
    this.policy = policy;
    this.training = training;
  }

  /** The form in which a convolution reads its input. */
  static Form inputForm(int stride, int padding) {
    return stride == 1 ? Form.padded(padding) : Form.ROUNDED;
  }

  @Override
  Form gradientForm(Form following) {
    return Form.padded(window.gradientMargin());
  }

  @Override
  WeightComputation choose(WeightComputation used, double density) {
    boolean sparse = window.depthwise() || policy.isSparse(weight().layer(), density);
    if (used != null && used.isSparse() == sparse) {
      return used;
    }
    return sparse
        ? new SparseConvolution(kernels(), this, window)
        : new DenseConvolution(this, window, training);
  }
}
