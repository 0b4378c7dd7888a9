package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.kernels.SparseMatrix;
import io.coppice.learning.model.ParameterTensor;

/** A linear layer. One with more inputs than a sparse matrix can have columns is always dense. */
final class LinearLayer extends WeightedLayer {

  private final KernelPolicy policy;

  /** Null in a network that only infers. */
  private final LinearGradients allGradients;

  LinearLayer(
      Kernels kernels,
      FeatureMaps in,
      FeatureMaps out,
      ParameterTensor weight,
      ParameterTensor bias,
      KernelPolicy policy,
      boolean training) {
    super(kernels, in, out, weight, bias);
    this.policy = policy;
    this.allGradients = training ? new LinearGradients(kernels, in, out) : null;
  }

  @Override
  Form gradientForm(Form following) {
    return Form.TIGHT;
  }

  @Override
  WeightComputation choose(WeightComputation used, double density) {
    boolean sparse =
        in().shape().channels() <= SparseMatrix.MAX_COLUMNS
            && policy.isSparse(weight().layer(), density);
    if (used != null && used.isSparse() == sparse) {
      return used;
    }
    return sparse
        ? new SparseLinear(kernels(), this, allGradients)
        : new DenseLinear(this, allGradients);
  }
}
