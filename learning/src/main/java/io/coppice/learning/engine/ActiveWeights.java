package io.coppice.learning.engine;

import java.util.BitSet;
import java.util.stream.IntStream;

/** Moves between a layer's weights in their places and the active ones side by side. */
final class ActiveWeights {

  private ActiveWeights() {}

  /** Indices of the active weights, ascending; of all of them if {@code active} is null. */
  static int[] indices(BitSet active, int size) {
    return active == null ? IntStream.range(0, size).toArray() : active.stream().toArray();
  }

  static void gather(float[] parameters, int offset, int[] indices, float[] values) {
    for (int k = 0; k < indices.length; k++) {
      values[k] = parameters[offset + indices[k]];
    }
  }

  static void scatter(float[] values, int[] indices, float[] parameters, int offset) {
    for (int k = 0; k < indices.length; k++) {
      parameters[offset + indices[k]] = values[k];
    }
  }

  /** Moves the active weights against their gradients, and hands these over to a step that wants them. */
  static void step(float[] values, float[] gradient, int[] indices, int offset, TrainingStep step) {
    float rate = step.learningRate();
    for (int k = 0; k < values.length; k++) {
      values[k] -= rate * gradient[k];
    }
    if (step.gradient() != null) {
      scatter(gradient, indices, step.gradient(), offset);
    }
  }
}
