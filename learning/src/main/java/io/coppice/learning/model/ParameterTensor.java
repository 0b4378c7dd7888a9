package io.coppice.learning.model;

import java.util.List;

/**
 * One tensor of a model's parameters, and where it lies in the flat parameter vector.
 *
 * @param layer the layer's name, such as {@code conv1}
 * @param role weight or bias
 * @param shape {@code [out, in]} or {@code [out, in, height, width]} for a weight, {@code [out]} for a bias and for a batch
 *     normalisation's scale
 * @param prunable whether a mask may switch single values off; biases never are
 * @param offset index of the first value in the flat vector
 * @param size number of values, the product of the shape
 */
public record ParameterTensor(
    String layer, Role role, List<Integer> shape, boolean prunable, int offset, int size) {

  /** What the tensor does in its layer. */
  public enum Role {
    WEIGHT,
    BIAS
  }

  public ParameterTensor {
    shape = List.copyOf(shape);
  }

  /** Index behind the last value in the flat vector. */
  public int end() {
    return offset + size;
  }
}
