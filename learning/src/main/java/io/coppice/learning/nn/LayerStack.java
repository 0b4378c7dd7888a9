package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Layers one after another, with the shapes between them. Immutable. */
public final class LayerStack {

  private final List<LayerSpec> layers;

  /** shapes[i] is the input of layer i; the last one is the output. */
  private final List<Shape> shapes;

  private final ParameterLayout layout;

  /**
   * @param input shape of one sample
   * @throws IllegalArgumentException if a layer does not fit what the layers before it make of the input
   */
  public LayerStack(Shape input, List<LayerSpec> layers) {
    this.layers = List.copyOf(layers);
    List<Shape> inferred = new ArrayList<>(List.of(input));
    ParameterLayout.Builder builder = ParameterLayout.builder();
    for (LayerSpec layer : layers) {
      Shape in = inferred.getLast();
      inferred.add(layer.output(in));
      if (layer instanceof LayerSpec.Parameterised parameterised) {
        parameterised.addTo(builder, in);
      }
    }
    this.shapes = List.copyOf(inferred);
    this.layout = builder.build();
  }

  public List<LayerSpec> layers() {
    return layers;
  }

  /** Shape of one sample before layer {@code layer}. */
  public Shape input(int layer) {
    return shapes.get(layer);
  }

  /** Shape of one sample after layer {@code layer}. */
  public Shape output(int layer) {
    return shapes.get(layer + 1);
  }

  /** Shape of one sample before the first layer. */
  public Shape input() {
    return shapes.getFirst();
  }

  /** Shape of one sample after the last layer. */
  public Shape output() {
    return shapes.getLast();
  }

  /** The parameters of all layers. */
  public ParameterLayout layout() {
    return layout;
  }

  /** For every prunable layer the number of positions at which each of its weights is used: output pixels, or 1. */
  public int[] outputPositions() {
    return IntStream.range(0, layers.size())
        .filter(i -> layers.get(i) instanceof LayerSpec.Parameterised)
        .map(i -> output(i).positions())
        .toArray();
  }
}
