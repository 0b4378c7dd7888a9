package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;

/** max(x, 0). */
final class ReluLayer extends Layer {

  private final Kernels kernels;

  ReluLayer(Kernels kernels, FeatureMaps in, FeatureMaps out) {
    super(in, out);
    this.kernels = kernels;
  }

  @Override
  void forward(boolean training) {
    FeatureMaps in = in();
    FeatureMaps out = out();
    if (in.isTight() && out.isTight()) {
      kernels.relu(in.values(), 0, out.values(), 0, in.size());
      return;
    }
    for (int c = 0; c < in.shape().channels(); c++) {
      for (int y = 0; y < in.shape().height(); y++) {
        kernels.relu(in.values(), in.row(c, y), out.values(), out.row(c, y), in.runLength());
      }
    }
  }

  @Override
  void backward(TrainingStep step) {
    FeatureMaps to = inGradient();
    if (to == null) {
      return;
    }
    FeatureMaps out = out();
    FeatureMaps by = outGradient();
    if (to.isTight() && out.isTight() && by.isTight()) {
      kernels.reluGradient(out.values(), 0, by.values(), 0, to.values(), 0, out.size());
      return;
    }
    for (int c = 0; c < out.shape().channels(); c++) {
      for (int y = 0; y < out.shape().height(); y++) {
        kernels.reluGradient(
            out.values(),
            out.row(c, y),
            by.values(),
            by.row(c, y),
            to.values(),
            to.row(c, y),
            out.runLength());
      }
    }
  }
}
