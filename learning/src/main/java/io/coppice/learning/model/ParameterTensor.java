package io.coppice.learning.model;

import java.util.List;
import java.util.Locale;

/**
 * One tensor of a model's parameters, and where it lies in the flat parameter vector.
 *
 * @param layer the layer's name, such as {@code conv1}
 * @param role what the tensor does in its layer
 * @param shape {@code [out, in]} or {@code [out, in, height, width]} for a weight, {@code [channels, 1, height, width]} for that
 *     of a depthwise convolution, {@code [out]} for a bias and for all of a batch normalisation
 * @param prunable whether a mask may switch single values off; only weights can be
 * @param offset index of the first value in the flat vector
 * @param size number of values, the product of the shape
 */
public record ParameterTensor(
    String layer, Role role, List<Integer> shape, boolean prunable, int offset, int size) {

  /** What the tensor does in its layer. */
  public enum Role {
    /** What inputs are multiplied by. */
    WEIGHT,
    /** What is added. */
    BIAS,
    /** The mean of a batch normalisation's inputs over many batches. */
    RUNNING_MEAN,
    /** The variance of a batch normalisation's inputs over many batches. */
    RUNNING_VARIANCE;

    /**
     * Whether gradients change the tensor. Running statistics are only observed: they travel and are merged with the other
     * parameters, but have no gradient, and so no importance.
     */
    public boolean learned() {
      return this == WEIGHT || this == BIAS;
    }
  }

  public ParameterTensor {
    shape = List.copyOf(shape);
  }

  /** The tensor's name as a PyTorch module's state has it, such as {@code conv1.weight} or {@code bn1.running_var}. */
  public String name() {
    return layer
        + "."
        + (role == Role.RUNNING_VARIANCE ? "running_var" : role.name().toLowerCase(Locale.ROOT));
  }

  /** Index behind the last value in the flat vector. */
  public int end() {
    return offset + size;
  }
}
