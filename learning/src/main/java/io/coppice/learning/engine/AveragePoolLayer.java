package io.coppice.learning.engine;

import java.util.Arrays;

/** The mean of non-overlapping rectangles; over the whole map it is global average pooling. */
final class AveragePoolLayer extends Layer {

  private final int height;
  private final int width;

  /**
   * @param height of a rectangle
   * @param width of a rectangle
   */
  AveragePoolLayer(FeatureMaps in, FeatureMaps out, int height, int width) {
    super(in, out);
    this.height = height;
    this.width = width;
  }

  @Override
  void forward(boolean training) {
    FeatureMaps in = in();
    FeatureMaps out = out();
    int batch = out.batch();
    float[] to = out.values();
    float share = 1f / (height * width);
    for (int c = 0; c < out.shape().channels(); c++) {
      for (int y = 0; y < out.shape().height(); y++) {
        int q = out.row(c, y);
        Arrays.fill(to, q, q + out.runLength(), 0f);
        for (int row = y * height; row < (y + 1) * height; row++) {
          int p = in.row(c, row);
          for (int x = 0; x < out.shape().width() * width; x++) {
            for (int n = 0; n < batch; n++) {
              to[q + x / width * batch + n] += share * in.values()[p + x * batch + n];
            }
          }
        }
      }
    }
  }

  /** Rows and columns that fill no rectangle have gradient zero; nobody writes them. */
  @Override
  void backward(TrainingStep step) {
    FeatureMaps to = inGradient();
    if (to == null) {
      return;
    }
    FeatureMaps by = outGradient();
    int batch = by.batch();
    float share = 1f / (height * width);
    for (int c = 0; c < by.shape().channels(); c++) {
      for (int y = 0; y < by.shape().height() * height; y++) {
        int q = to.row(c, y);
        int p = by.row(c, y / height);
        for (int x = 0; x < by.shape().width() * width; x++) {
          for (int n = 0; n < batch; n++) {
            to.values()[q + x * batch + n] = share * by.values()[p + x / width * batch + n];
          }
        }
      }
    }
  }
}
