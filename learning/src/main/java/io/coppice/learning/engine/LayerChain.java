package io.coppice.learning.engine;

import io.coppice.learning.model.Mask;
import java.util.List;
import java.util.stream.Stream;

/** Layers one after another. A chain may be empty: then its output is its input, at most flattened. */
final class LayerChain implements AutoCloseable {

  private final FeatureMaps in;
  private final List<Layer> layers;
  private final FeatureMaps out;
  private FeatureMaps inGradient;
  private FeatureMaps outGradient;

  /**
   * @param out what the last layer writes, or the same values flattened
   */
  LayerChain(FeatureMaps in, List<Layer> layers, FeatureMaps out) {
    this.in = in;
    this.layers = List.copyOf(layers);
    this.out = out;
  }

  FeatureMaps in() {
    return in;
  }

  FeatureMaps out() {
    return out;
  }

  /** The gradient by the output; null if no layer wants it. */
  FeatureMaps outGradient() {
    return outGradient;
  }

  FeatureMaps inGradient() {
    return inGradient;
  }

  /**
   * Prepares for training.
   *
   * @param byInput takes the gradient by the input; null if it is not wanted, and then layers before the first that learns get
   *     none either
   */
  void connect(FeatureMaps byInput) {
    inGradient = byInput;
    FeatureMaps[] maps = gradients();
    FeatureMaps to = byInput;
    boolean needed = byInput != null;
    for (int i = 0; i < layers.size(); i++) {
      Layer layer = layers.get(i);
      FeatureMaps by = maps[i];
      layer.connect(by, needed ? to.shapedAs(layer.in()) : null);
      needed = needed || learns(layer);
      to = by;
    }
    // Through an empty chain the gradient goes as it is.
    outGradient = to == null ? null : to.shapedAs(out);
  }

  /** The gradients by the layers' outputs, from the last layer back: a convolution writes rows in step with those it reads. */
  private FeatureMaps[] gradients() {
    FeatureMaps[] maps = new FeatureMaps[layers.size()];
    for (int i = maps.length - 1; i >= 0; i--) {
      Layer layer = layers.get(i);
      Form form = layer.gradientForm(Form.of(layer.out()));
      if (i + 1 < maps.length && layers.get(i + 1) instanceof ConvolutionLayer) {
        form = form.inStepWith(maps[i + 1]);
      }
      maps[i] = form.create(layer.out().shape(), layer.out().samples());
    }
    return maps;
  }

  private static boolean learns(Layer layer) {
    return switch (layer) {
      case WeightedLayer _, BatchNormLayer _ -> true;
      case ResidualLayer residual ->
          Stream.concat(residual.body().layers.stream(), residual.shortcut().layers.stream())
              .anyMatch(LayerChain::learns);
      default -> false;
    };
  }

  void forward(boolean training) {
    for (Layer layer : layers) {
      layer.forward(training);
    }
  }

  void backward(TrainingStep step) {
    for (int i = layers.size() - 1; i >= 0; i--) {
      layers.get(i).backward(step);
    }
  }

  void load(float[] parameters, Mask mask) {
    layers.forEach(layer -> layer.load(parameters, mask));
  }

  void store(float[] parameters) {
    layers.forEach(layer -> layer.store(parameters));
  }

  /** As {@link Layer#delta}. */
  int delta(float[] model, float[] active, int at) {
    int next = at;
    for (Layer layer : layers) {
      next = layer.delta(model, active, next);
    }
    return next;
  }

  void forgetGradients() {
    layers.forEach(Layer::forgetGradients);
  }

  void addGradients(GradientTarget target) {
    layers.forEach(layer -> layer.addGradients(target));
  }

  /** All layers with a weight, those of residual blocks included, in the order of the parameters. */
  Stream<WeightedLayer> weighted() {
    return layers.stream()
        .flatMap(
            layer ->
                switch (layer) {
                  case WeightedLayer own -> Stream.of(own);
                  case ResidualLayer residual ->
                      Stream.concat(residual.body().weighted(), residual.shortcut().weighted());
                  default -> Stream.<WeightedLayer>empty();
                });
  }

  @Override
  public void close() {
    layers.forEach(Layer::close);
  }
}
