package io.coppice.learning.engine;

import java.util.BitSet;

/** A layer's weights in ND4J's memory, pruned ones as zeros, with their gradient. */
final class DenseWeights implements AutoCloseable {

  /** Values that are worked on at a time: a few blocks of floats fit into the smallest first-level caches. */
  private static final int BLOCK = 2048;

  private final NativeArray values;
  private final NativeArray gradient;
  private final float[] valueBlock = new float[BLOCK];
  private final float[] gradientBlock = new float[BLOCK];

  /** 1 for an active weight, 0 for a pruned one; null if all are active. */
  private float[] factors;

  /** Sum of the gradients over the steps of a round; null unless it is wanted. */
  private float[] sums;

  /**
   * @param shape of the weights
   * @param training whether there is a gradient
   */
  DenseWeights(boolean training, long... shape) {
    this.values = NativeArray.zeros(shape);
    this.gradient = training ? NativeArray.zeros(shape) : null;
  }

  NativeArray values() {
    return values;
  }

  NativeArray gradient() {
    return gradient;
  }

  void prune(BitSet active) {
    int size = values.size();
    if (active == null || active.cardinality() == size) {
      factors = null;
      return;
    }
    factors = new float[size];
    active.stream().forEach(i -> factors[i] = 1);
  }

  void load(float[] parameters, int offset) {
    if (factors == null) {
      values.write(parameters, offset, 0, values.size());
      return;
    }
    for (int from = 0; from < values.size(); from += BLOCK) {
      int length = Math.min(BLOCK, values.size() - from);
      for (int i = 0; i < length; i++) {
        // No product: a pruned parameter may be anything, even not a number.
        valueBlock[i] = factors[from + i] == 0 ? 0 : parameters[offset + from + i];
      }
      values.write(valueBlock, 0, from, length);
    }
  }

  void store(float[] parameters, int offset) {
    if (factors == null) {
      values.read(0, parameters, offset, values.size());
      return;
    }
    for (int from = 0; from < values.size(); from += BLOCK) {
      int length = Math.min(BLOCK, values.size() - from);
      values.read(from, valueBlock, 0, length);
      for (int i = 0; i < length; i++) {
        if (factors[from + i] != 0) {
          parameters[offset + from + i] = valueBlock[i];
        }
      }
    }
  }

  int delta(float[] model, int offset, float[] active, int at) {
    int next = at;
    float[] ofBlock = new float[BLOCK + 1];
    for (int from = 0; from < values.size(); from += BLOCK) {
      int length = Math.min(BLOCK, values.size() - from);
      values.read(from, valueBlock, 0, length);
      // Every difference is written, and kept by moving on: which weights are active is not to be
      // predicted.
      int kept = 0;
      for (int i = 0; i < length; i++) {
        ofBlock[kept] = valueBlock[i] - model[offset + from + i];
        kept += factors == null ? 1 : (int) factors[from + i];
      }
      System.arraycopy(ofBlock, 0, active, next, kept);
      next += kept;
    }
    return next;
  }

  /** Puts pruned weights back to zero after something has moved them. */
  void mask() {
    for (int from = 0; factors != null && from < values.size(); from += BLOCK) {
      int length = Math.min(BLOCK, values.size() - from);
      values.read(from, valueBlock, 0, length);
      for (int i = 0; i < length; i++) {
        valueBlock[i] *= factors[from + i];
      }
      values.write(valueBlock, 0, from, length);
    }
  }

  /** Does what a step asks for with the gradient. */
  void step(TrainingStep step, int offset) {
    if (step.sumAll() && sums == null) {
      sums = new float[values.size()];
    }
    for (int from = 0; from < values.size(); from += BLOCK) {
      int length = Math.min(BLOCK, values.size() - from);
      values.read(from, valueBlock, 0, length);
      gradient.read(from, gradientBlock, 0, length);
      if (step.sumAll()) {
        for (int i = 0; i < length; i++) {
          sums[from + i] += gradientBlock[i];
        }
      }
      if (factors != null) {
        for (int i = 0; i < length; i++) {
          gradientBlock[i] *= factors[from + i];
        }
      }
      for (int i = 0; i < length; i++) {
        valueBlock[i] -= step.learningRate() * gradientBlock[i];
      }
      values.write(valueBlock, 0, from, length);
      if (step.gradient() != null) {
        System.arraycopy(gradientBlock, 0, step.gradient(), offset + from, length);
      }
    }
  }

  void forgetGradients() {
    sums = null;
  }

  void addGradients(GradientTarget target, int offset) {
    if (sums == null) {
      return;
    }
    target.add(offset, sums);
    forgetGradients();
  }

  @Override
  public void close() {
    values.close();
    if (gradient != null) {
      gradient.close();
    }
  }
}
