package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;

/**
 * Max-pooling over squares of 2 x 2 pixels, with ReLU in it where one is before it: the maximum of rectified values is the
 * rectified maximum, of which there are four times fewer.
 */
final class MaxPool2Layer extends Layer {

  private final Kernels kernels;
  private final boolean rectified;

  MaxPool2Layer(Kernels kernels, FeatureMaps in, FeatureMaps out, boolean rectified) {
    super(in, out);
    this.kernels = kernels;
    this.rectified = rectified;
  }

  @Override
  void forward(boolean training) {
    FeatureMaps in = in();
    FeatureMaps out = out();
    for (int c = 0; c < out.shape().channels(); c++) {
      for (int y = 0; y < out.shape().height(); y++) {
        kernels.maxPool2(
            in.values(),
            in.row(c, 2 * y),
            in.row(c, 2 * y + 1),
            out.values(),
            out.row(c, y),
            out.shape().width(),
            out.batch(),
            rectified);
      }
    }
  }

  /** Rows and columns that fill no square have gradient zero; nobody writes them. */
  @Override
  void backward(TrainingStep step) {
    FeatureMaps to = inGradient();
    if (to == null) {
      return;
    }
    FeatureMaps in = in();
    FeatureMaps out = out();
    FeatureMaps by = outGradient();
    for (int c = 0; c < out.shape().channels(); c++) {
      for (int y = 0; y < out.shape().height(); y++) {
        kernels.maxPool2Gradient(
            in.values(),
            in.row(c, 2 * y),
            in.row(c, 2 * y + 1),
            out.values(),
            out.row(c, y),
            by.values(),
            by.row(c, y),
            to.values(),
            to.row(c, 2 * y),
            to.row(c, 2 * y + 1),
            out.shape().width(),
            out.batch(),
            rectified);
      }
    }
  }
}
