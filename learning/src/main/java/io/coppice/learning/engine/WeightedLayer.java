package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import java.util.Arrays;

/**
 * A layer with a weight and, mostly, a bias: the part that is the same for convolutions and linear layers. How the weight is
 * computed with is chosen anew with every mask.
 */
abstract class WeightedLayer extends Layer {

  private final Kernels kernels;
  private final ParameterTensor weight;

  /** Null in a layer without a bias. */
  private final ParameterTensor biasTensor;

  private final float[] bias;

  /** Sum of the gradients by the bias over the steps of a round. */
  private final float[] biasGradients;

  private Mask mask;
  private WeightComputation computation;

  WeightedLayer(
      Kernels kernels,
      FeatureMaps in,
      FeatureMaps out,
      ParameterTensor weight,
      ParameterTensor biasTensor) {
    super(in, out);
    this.kernels = kernels;
    this.weight = weight;
    this.biasTensor = biasTensor;
    this.bias = new float[out.shape().channels()];
    this.biasGradients = new float[bias.length];
  }

  final ParameterTensor weight() {
    return weight;
  }

  final Kernels kernels() {
    return kernels;
  }

  /** The computation in use; null before the first {@link #load} and after {@link #close}. */
  final WeightComputation computation() {
    return computation;
  }

  /** The fraction of the weights that a mask leaves; 1 for a weight that cannot be pruned. */
  final double density(Mask of) {
    int layer = of.layout().prunable().indexOf(weight);
    return layer < 0 ? 1 : of.density(layer);
  }

  /** Makes the computation for a density, or returns the one in use if it is of the right kind. */
  abstract WeightComputation choose(WeightComputation used, double density);

  @Override
  @SuppressWarnings("ReferenceEquality") // comparing millions of bits would cost more than it saves
  final void load(float[] parameters, Mask wanted) {
    if (wanted != mask) {
      WeightComputation chosen = choose(computation, density(wanted));
      if (chosen != computation && computation != null) {
        computation.close();
      }
      computation = chosen;
      int layer = wanted.layout().prunable().indexOf(weight);
      computation.prune(layer < 0 ? null : wanted.bits(layer));
      mask = wanted;
    }
    computation.load(parameters, weight.offset());
    if (biasTensor != null) {
      System.arraycopy(parameters, biasTensor.offset(), bias, 0, bias.length);
    }
  }

  @Override
  final void store(float[] parameters) {
    computation.store(parameters, weight.offset());
    if (biasTensor != null) {
      System.arraycopy(bias, 0, parameters, biasTensor.offset(), bias.length);
    }
  }

  @Override
  final int delta(float[] model, float[] active, int at) {
    int next = computation.delta(model, weight.offset(), active, at);
    if (biasTensor != null) {
      for (int c = 0; c < bias.length; c++) {
        active[next++] = bias[c] - model[biasTensor.offset() + c];
      }
    }
    return next;
  }

  @Override
  final void forward(boolean training) {
    computation.forward(bias);
  }

  @Override
  final void backward(TrainingStep step) {
    computation.backward(step, weight.offset());
    if (biasTensor == null) {
      return;
    }
    FeatureMaps by = outGradient();
    for (int c = 0; c < bias.length; c++) {
      float sum = 0;
      for (int y = 0; y < by.shape().height(); y++) {
        sum += kernels.sum(by.values(), by.row(c, y), by.runLength());
      }
      bias[c] -= step.learningRate() * sum;
      if (step.gradient() != null) {
        step.gradient()[biasTensor.offset() + c] = sum;
      }
      if (step.sumAll()) {
        biasGradients[c] += sum;
      }
    }
  }

  @Override
  final void forgetGradients() {
    if (computation != null) {
      computation.forgetGradients();
    }
    Arrays.fill(biasGradients, 0f);
  }

  @Override
  final void addGradients(GradientTarget target) {
    computation.addGradients(target, weight.offset());
    if (biasTensor != null) {
      target.add(biasTensor.offset(), biasGradients);
    }
    forgetGradients();
  }

  @Override
  public final void close() {
    if (computation != null) {
      computation.close();
      computation = null;
      mask = null;
    }
  }
}
