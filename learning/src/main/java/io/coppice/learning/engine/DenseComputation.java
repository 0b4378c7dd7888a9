package io.coppice.learning.engine;

import java.util.BitSet;

/** Computing with all weights of a layer in ND4J, pruned ones as zeros. */
abstract class DenseComputation implements WeightComputation {

  private final DenseWeights weights;

  DenseComputation(DenseWeights weights) {
    this.weights = weights;
  }

  final DenseWeights weights() {
    return weights;
  }

  @Override
  public final boolean isSparse() {
    return false;
  }

  @Override
  public final void prune(BitSet active) {
    weights.prune(active);
  }

  @Override
  public final void load(float[] parameters, int offset) {
    weights.load(parameters, offset);
  }

  @Override
  public final void store(float[] parameters, int offset) {
    weights.store(parameters, offset);
  }

  @Override
  public final int delta(float[] model, int offset, float[] active, int at) {
    return weights.delta(model, offset, active, at);
  }
}
