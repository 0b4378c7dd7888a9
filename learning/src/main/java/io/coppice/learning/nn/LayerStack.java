package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Layers one after another, with the shapes between them and the layout of their parameters. The parameters lie in the order of
 * execution; those of a residual block's body come before those of its shortcut. Immutable.
 */
public final class LayerStack {

  /**
   * A layer with parameters at its place, be it in the stack or inside a residual block.
   *
   * @param input shape of one sample before the layer
   */
  record Placed(LayerSpec.Parameterised layer, Shape input) {}

  private final List<LayerSpec> layers;

  /** shapes[i] is the input of layer i; the last one is the output. */
  private final List<Shape> shapes;

  private final List<Placed> parameterised;
  private final ParameterLayout layout;

  /**
   * @param input shape of one sample
   * @throws IllegalArgumentException if a layer does not fit what the layers before it make of the input, or two layers have the
   *     same name
   */
  public LayerStack(Shape input, List<LayerSpec> layers) {
    this.layers = List.copyOf(layers);
    List<Shape> inferred = new ArrayList<>(List.of(input));
    List<Placed> placed = new ArrayList<>();
    for (LayerSpec layer : layers) {
      Shape in = inferred.getLast();
      inferred.add(layer.output(in));
      if (layer instanceof LayerSpec.Parameterised own) {
        placed.add(new Placed(own, in));
      } else if (layer instanceof LayerSpec.Residual residual) {
        placed.addAll(residual.bodyStack(in).parameterised);
        placed.addAll(residual.shortcutStack(in).parameterised);
      }
    }
    this.shapes = List.copyOf(inferred);
    this.parameterised = List.copyOf(placed);
    this.layout = layout(parameterised);
  }

  private static ParameterLayout layout(List<Placed> parameterised) {
    ParameterLayout.Builder builder = ParameterLayout.builder();
    Set<String> names = new HashSet<>();
    for (Placed placed : parameterised) {
      String name = placed.layer().name();
      if (!names.add(name)) {
        throw new IllegalArgumentException("two layers are called " + name);
      }
      placed.layer().addTo(builder, placed.input());
    }
    return builder.build();
  }

  /** The layers; a residual block is one of them. */
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

  /** All layers with parameters, those inside residual blocks included, in layout order. */
  List<Placed> parameterised() {
    return parameterised;
  }

  /** The parameters of all layers, those inside residual blocks included. */
  public ParameterLayout layout() {
    return layout;
  }

  /**
   * Values of one sample before the first layer and after every layer, those inside residual blocks included: what a network
   * holds for every sample of a batch.
   */
  public long activations() {
    long sum = input().size();
    for (int i = 0; i < layers.size(); i++) {
      sum += output(i).size();
      if (layers.get(i) instanceof LayerSpec.Residual residual) {
        Shape in = input(i);
        sum += residual.bodyStack(in).activations() - in.size();
        sum += residual.shortcutStack(in).activations() - in.size();
      }
    }
    return sum;
  }

  /** For every prunable layer the number of positions at which each of its weights is used: output pixels, or 1. */
  public int[] outputPositions() {
    return parameterised.stream()
        .filter(placed -> placed.layer().prunable())
        .mapToInt(placed -> placed.layer().output(placed.input()).positions())
        .toArray();
  }
}
