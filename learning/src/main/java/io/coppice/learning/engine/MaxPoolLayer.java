package io.coppice.learning.engine;

import io.coppice.learning.nn.LayerSpec;
import java.util.Arrays;

/** Max-pooling over squares of any size and stride, which may overlap and lie half in the padding. */
final class MaxPoolLayer extends Layer {

  private final LayerSpec.MaxPool spec;

  /** Where in the input the maximum of each output was found, in the order of the loops; set by the forward pass. */
  private final int[] winners;

  MaxPoolLayer(LayerSpec.MaxPool spec, FeatureMaps in, FeatureMaps out) {
    super(in, out);
    this.spec = spec;
    this.winners = new int[Math.multiplyExact(out.shape().size(), out.batch())];
  }

  @Override
  void forward(boolean training) {
    FeatureMaps in = in();
    FeatureMaps out = out();
    int batch = out.batch();
    int next = 0;
    for (int c = 0; c < out.shape().channels(); c++) {
      for (int y = 0; y < out.shape().height(); y++) {
        for (int x = 0; x < out.shape().width(); x++, next += batch) {
          pool(c, y, x, next);
          int q = out.row(c, y) + x * batch;
          for (int n = 0; n < batch; n++) {
            out.values()[q + n] = in.values()[winners[next + n]];
          }
        }
      }
    }
  }

  /** The first of the largest values of a square, of every sample. */
  private void pool(int c, int y, int x, int next) {
    FeatureMaps in = in();
    int batch = in.batch();
    float[] values = in.values();
    int top = Math.max(y * spec.stride() - spec.padding(), 0);
    int bottom = Math.min(y * spec.stride() - spec.padding() + spec.size(), in.shape().height());
    int left = Math.max(x * spec.stride() - spec.padding(), 0);
    int right = Math.min(x * spec.stride() - spec.padding() + spec.size(), in.shape().width());
    for (int n = 0; n < batch; n++) {
      winners[next + n] = in.row(c, top) + left * batch + n;
    }
    for (int row = top; row < bottom; row++) {
      for (int column = left; column < right; column++) {
        int p = in.row(c, row) + column * batch;
        for (int n = 0; n < batch; n++) {
          if (values[p + n] > values[winners[next + n]]) {
            winners[next + n] = p + n;
          }
        }
      }
    }
  }

  @Override
  void backward(TrainingStep step) {
    FeatureMaps to = inGradient();
    if (to == null) {
      return;
    }
    FeatureMaps in = in();
    FeatureMaps by = outGradient();
    Arrays.fill(to.values(), 0f);
    int batch = by.batch();
    int next = 0;
    for (int c = 0; c < by.shape().channels(); c++) {
      // Input and its gradient may have different margins: a winner is found again by its distance.
      for (int y = 0; y < by.shape().height(); y++) {
        for (int x = 0; x < by.shape().width(); x++) {
          int g = by.row(c, y) + x * batch;
          for (int n = 0; n < batch; n++) {
            int distance = winners[next++] - in.row(c, 0);
            int row = distance / in.rowPitch();
            to.values()[to.row(c, row) + distance % in.rowPitch()] += by.values()[g + n];
          }
        }
      }
    }
  }
}
