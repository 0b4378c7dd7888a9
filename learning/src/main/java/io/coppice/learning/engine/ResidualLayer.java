package io.coppice.learning.engine;

import io.coppice.learning.model.Mask;

/** body(x) + shortcut(x). */
final class ResidualLayer extends Layer {

  private final LayerChain body;
  private final LayerChain shortcut;

  ResidualLayer(FeatureMaps in, FeatureMaps out, LayerChain body, LayerChain shortcut) {
    super(in, out);
    this.body = body;
    this.shortcut = shortcut;
  }

  @Override
  void connect(FeatureMaps byOutput, FeatureMaps byInput) {
    super.connect(byOutput, byInput);
    body.connect(byInput == null ? null : newInputGradient());
    shortcut.connect(byInput == null ? null : newInputGradient());
  }

  private FeatureMaps newInputGradient() {
    return Form.of(in()).create(in().shape(), in().samples());
  }

  @Override
  void forward(boolean training) {
    body.forward(training);
    shortcut.forward(training);
    add(body.out(), shortcut.out(), out());
  }

  @Override
  void backward(TrainingStep step) {
    backward(body, step);
    backward(shortcut, step);
    if (inGradient() != null) {
      add(body.inGradient(), shortcut.inGradient(), inGradient());
    }
  }

  private void backward(LayerChain way, TrainingStep step) {
    if (way.outGradient() != null) {
      way.outGradient().copyFrom(outGradient());
      way.backward(step);
    }
  }

  private static void add(FeatureMaps a, FeatureMaps b, FeatureMaps sum) {
    for (int c = 0; c < sum.shape().channels(); c++) {
      for (int y = 0; y < sum.shape().height(); y++) {
        int p = a.row(c, y);
        int q = b.row(c, y);
        int o = sum.row(c, y);
        for (int i = 0; i < sum.runLength(); i++) {
          sum.values()[o + i] = a.values()[p + i] + b.values()[q + i];
        }
      }
    }
  }

  @Override
  void load(float[] parameters, Mask mask) {
    body.load(parameters, mask);
    shortcut.load(parameters, mask);
  }

  @Override
  void store(float[] parameters) {
    body.store(parameters);
    shortcut.store(parameters);
  }

  @Override
  int delta(float[] model, float[] active, int at) {
    return shortcut.delta(model, active, body.delta(model, active, at));
  }

  @Override
  void forgetGradients() {
    body.forgetGradients();
    shortcut.forgetGradients();
  }

  @Override
  void addGradients(GradientTarget target) {
    body.addGradients(target);
    shortcut.addGradients(target);
  }

  LayerChain body() {
    return body;
  }

  LayerChain shortcut() {
    return shortcut;
  }

  @Override
  public void close() {
    body.close();
    shortcut.close();
  }
}
