package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.kernels.SparseMatrix;
import java.util.Arrays;
import java.util.BitSet;

/** A linear layer by its active weights. */
final class SparseLinear implements WeightComputation {

  private final Kernels kernels;
  private final Layer layer;
  private final int rows;
  private final int columns;
  private final LinearGradients allGradients;

  private SparseMatrix matrix;

  /** Gradients by the active weights, for the steps that want to see them. */
  private float[] gradient;

  /**
   * @param allGradients sums up the gradients by all weights; null in a network that only infers
   */
  SparseLinear(Kernels kernels, Layer layer, LinearGradients allGradients) {
    this.kernels = kernels;
    this.layer = layer;
    this.rows = layer.out().shape().channels();
    this.columns = layer.in().shape().channels();
    this.allGradients = allGradients;
  }

  @Override
  public boolean isSparse() {
    return true;
  }

  @Override
  public void prune(BitSet active) {
    int[] all = ActiveWeights.indices(active, rows * columns);
    // Without a backward pass there is nothing that is worth more than going straight through the
    // rows.
    matrix =
        allGradients == null
            ? SparseMatrix.inOneBlock(rows, columns, all)
            : SparseMatrix.inBlocks(rows, columns, all, layer.in().batch());
    gradient = null;
  }

  @Override
  public void load(float[] parameters, int offset) {
    ActiveWeights.gather(parameters, offset, matrix.indices(), matrix.values());
  }

  @Override
  public void store(float[] parameters, int offset) {
    ActiveWeights.scatter(matrix.values(), matrix.indices(), parameters, offset);
  }

  @Override
  public int delta(float[] model, int offset, float[] active, int at) {
    float[] values = matrix.values();
    int[] indices = matrix.indices();
    int[] ranks = matrix.ranks();
    for (int k = 0; k < values.length; k++) {
      active[at + ranks[k]] = values[k] - model[offset + indices[k]];
    }
    return at + values.length;
  }

  @Override
  public void forward(float[] bias) {
    kernels.multiply(matrix, bias, layer.in().values(), layer.out().values(), layer.in().batch());
  }

  @Override
  public void backward(TrainingStep step, int offset) {
    float[] x = layer.in().values();
    float[] g = layer.outGradient().values();
    int batch = layer.in().batch();
    FeatureMaps inGradient = layer.inGradient();
    if (step.sumAll()) {
      allGradients.record(layer.in(), layer.outGradient());
    }
    if (inGradient != null) {
      Arrays.fill(inGradient.values(), 0f);
    }
    if (inGradient != null && step.gradient() == null) {
      kernels.backward(matrix, x, g, inGradient.values(), batch, step.learningRate());
      return;
    }
    if (inGradient != null) {
      kernels.multiplyTransposed(matrix, g, inGradient.values(), batch);
    }
    if (gradient == null) {
      gradient = new float[matrix.values().length];
    }
    kernels.multiplyGradient(matrix, x, g, batch, gradient);
    ActiveWeights.step(matrix.values(), gradient, matrix.indices(), offset, step);
  }

  @Override
  public void forgetGradients() {
    if (allGradients != null) {
      allGradients.forget();
    }
  }

  @Override
  public void addGradients(GradientTarget target, int offset) {
    allGradients.addTo(target, offset);
  }

  @Override
  public void close() {}
}
