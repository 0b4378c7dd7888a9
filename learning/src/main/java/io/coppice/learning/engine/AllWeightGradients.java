package io.coppice.learning.engine;

import java.util.Arrays;

/** The gradient by all weights of a convolution, active or not, and its sum over the steps of a round. */
abstract class AllWeightGradients {

  private final float[] gradients;

  /** Of the steps since the sums were forgotten; null unless there are some. */
  private float[] sums;

  /**
   * @param size gradients, with room between them where the implementation wants it
   */
  AllWeightGradients(int size) {
    this.gradients = new float[size];
  }

  /** Adds the gradients of a step to zeros. */
  abstract void compute(float[] target);

  /** Where an implementation puts the gradient of a weight. */
  abstract int index(int weight);

  /**
   * Computes the gradient of a step.
   *
   * @param sum whether it is added to the sums, too
   */
  final void compute(boolean sum) {
    Arrays.fill(gradients, 0f);
    compute(gradients);
    if (sum) {
      if (sums == null) {
        sums = new float[gradients.length];
      }
      for (int i = 0; i < sums.length; i++) {
        sums[i] += gradients[i];
      }
    }
  }

  /** The gradients of some weights in the last step. */
  final void gather(int[] weights, float[] target) {
    for (int k = 0; k < weights.length; k++) {
      target[k] = gradients[index(weights[k])];
    }
  }

  /** Forgets the sums. */
  final void forget() {
    sums = null;
  }

  /**
   * Adds the sum of every weight, and forgets the sums.
   *
   * @param weights number of weights
   */
  final void addTo(GradientTarget target, int offset, int weights) {
    if (sums == null) {
      return;
    }
    for (int w = 0; w < weights; w++) {
      target.add(offset + w, sums[index(w)]);
    }
    forget();
  }
}
