package io.coppice.benchmarks;

import io.coppice.learning.random.SplitMix64;

/** Values for a kernel to compute with. */
final class RandomValues {

  private RandomValues() {}

  /** Standard normal values. */
  static float[] normal(int count, long seed) {
    return fill(new float[count], seed);
  }

  /** Normal values that went through ReLU: half of them are zero. */
  static float[] rectified(int count, long seed) {
    float[] values = normal(count, seed);
    for (int i = 0; i < count; i++) {
      values[i] = Math.max(values[i], 0);
    }
    return values;
  }

  /** Fills an array with standard normal values and returns it. */
  static float[] fill(float[] values, long seed) {
    SplitMix64 random = new SplitMix64(seed);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
