package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;

/**
 * Padded maps taken apart by the remainders of their rows and columns by a stride: {@code [channel][row remainder][column
 * remainder][row][column][sample]}. To a weight of a convolution with that stride a part is what the whole map is to one of
 * stride 1: its pixels lie side by side.
 */
final class Phases {

  private final int stride;
  private final int padding;
  private final int rows;
  private final int columns;
  private final int batch;
  private final int rowPitch;
  private final float[] values;

  Phases(FeatureMaps maps, int stride, int padding) {
    this.stride = stride;
    this.padding = padding;
    this.rows = Math.ceilDiv(maps.shape().height() + 2 * padding, stride);
    this.columns = Math.ceilDiv(maps.shape().width() + 2 * padding, stride);
    this.batch = maps.batch();
    this.rowPitch = Kernels.withSlack(columns * batch);
    this.values =
        new float
            [Math.multiplyExact(maps.shape().channels() * stride * stride, rows * rowPitch)
                + 2 * Kernels.SLACK
                + rowPitch];
  }

  float[] values() {
    return values;
  }

  int rows() {
    return rows;
  }

  int rowPitch() {
    return rowPitch;
  }

  int planePitch() {
    return rows * rowPitch;
  }

  /** Floats of a row, without slack. */
  int runLength() {
    return columns * batch;
  }

  /** Index of a part's first value. */
  int origin(int channel, int rowRemainder, int columnRemainder) {
    return ((channel * stride + rowRemainder) * stride + columnRemainder) * planePitch();
  }

  /** Takes maps apart. */
  void split(FeatureMaps maps) {
    for (int c = 0; c < maps.shape().channels(); c++) {
      for (int y = 0; y < maps.shape().height(); y++) {
        for (int x = 0; x < maps.shape().width(); x++) {
          System.arraycopy(maps.values(), maps.row(c, y) + x * batch, values, at(c, y, x), batch);
        }
      }
    }
  }

  /** Puts maps together; what lies in the padding is left out. */
  void join(FeatureMaps maps) {
    for (int c = 0; c < maps.shape().channels(); c++) {
      for (int y = 0; y < maps.shape().height(); y++) {
        for (int x = 0; x < maps.shape().width(); x++) {
          System.arraycopy(values, at(c, y, x), maps.values(), maps.row(c, y) + x * batch, batch);
        }
      }
    }
  }

  private int at(int channel, int y, int x) {
    int row = y + padding;
    int column = x + padding;
    return origin(channel, row % stride, column % stride)
        + row / stride * rowPitch
        + column / stride * batch;
  }
}
