package io.coppice.learning.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The fixed order of a model's parameters: layer by layer; weight, bias, running mean, running variance; row-major. Everything
 * that travels or is decided about parameters is in this order: shards, masks, importance, checkpoints.
 */
public final class ParameterLayout {

  private final List<ParameterTensor> tensors;
  private final List<ParameterTensor> prunable;
  private final int size;
  private final int prunableSize;

  private ParameterLayout(List<ParameterTensor> tensors) {
    this.tensors = List.copyOf(tensors);
    this.prunable = tensors.stream().filter(ParameterTensor::prunable).toList();
    this.size = tensors.isEmpty() ? 0 : tensors.getLast().end();
    this.prunableSize = prunable.stream().mapToInt(ParameterTensor::size).sum();
  }

  /** All tensors, in order. */
  public List<ParameterTensor> tensors() {
    return tensors;
  }

  /** The tensors that a mask may prune, in order; "prunable layer l" means the l-th of these. */
  public List<ParameterTensor> prunable() {
    return prunable;
  }

  /** Number of parameters. */
  public int size() {
    return size;
  }

  /** Number of parameters that a mask may prune. */
  public int prunableSize() {
    return prunableSize;
  }

  /** Number of parameters that are always active. */
  public int fixedSize() {
    return size - prunableSize;
  }

  /** A layer's tensor, if the layer has one of this role. */
  public Optional<ParameterTensor> find(String layer, ParameterTensor.Role role) {
    return tensors.stream().filter(t -> t.layer().equals(layer) && t.role() == role).findFirst();
  }

  /** The bias of a layer, or null if it has none. */
  public ParameterTensor biasOf(ParameterTensor weight) {
    return find(weight.layer(), ParameterTensor.Role.BIAS).orElse(null);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ParameterLayout layout && layout.tensors.equals(tensors);
  }

  @Override
  public int hashCode() {
    return tensors.hashCode();
  }

  @Override
  public String toString() {
    return tensors.stream()
        .map(t -> t.layer() + "." + t.role().name().toLowerCase(java.util.Locale.ROOT) + t.shape())
        .collect(Collectors.joining(", "));
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Collects tensors in order. */
  public static final class Builder {
    private final List<ParameterTensor> tensors = new ArrayList<>();
    private int offset;

    /**
     * Adds a prunable weight of shape {@code [out, in]}, {@code [out, in, height, width]} or {@code [channels, 1, height, width]}.
     */
    public Builder weight(String layer, List<Integer> shape) {
      return add(layer, ParameterTensor.Role.WEIGHT, shape, true);
    }

    /**
     * Adds a weight that is always active: a batch normalisation's scale, or the convolution of a shortcut.
     *
     * @param shape any shape; {@code [out]} for a batch normalisation
     */
    public Builder unprunableWeight(String layer, List<Integer> shape) {
      return add(layer, ParameterTensor.Role.WEIGHT, shape, false);
    }

    /** Adds a bias of shape {@code [out]}; it cannot be pruned. */
    public Builder bias(String layer, int out) {
      return add(layer, ParameterTensor.Role.BIAS, List.of(out), false);
    }

    /** Adds the running mean and variance of a batch normalisation; they cannot be pruned. */
    public Builder runningStatistics(String layer, int channels) {
      add(layer, ParameterTensor.Role.RUNNING_MEAN, List.of(channels), false);
      return add(layer, ParameterTensor.Role.RUNNING_VARIANCE, List.of(channels), false);
    }

    private Builder add(
        String layer, ParameterTensor.Role role, List<Integer> shape, boolean prunable) {
      int size = shape.stream().reduce(1, Math::multiplyExact);
      tensors.add(new ParameterTensor(layer, role, shape, prunable, offset, size));
      offset = Math.addExact(offset, size);
      return this;
    }

    public ParameterLayout build() {
      return new ParameterLayout(tensors);
    }
  }
}
