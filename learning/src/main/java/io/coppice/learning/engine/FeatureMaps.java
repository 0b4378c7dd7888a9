package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.nn.Shape;

/**
 * A batch of feature maps as {@code [channel][row][column][sample]}, with a margin of zeros around every map that nobody writes.
 * A batch of more than one sample is filled up with empty ones to a multiple of four, as the kernels want it.
 *
 * <p>In a rounded form there is room behind every row for whole vectors, so a convolution may write it; in the tight form nothing
 * lies between the rows, so that the maps are also the features of a linear layer.
 */
final class FeatureMaps {

  private final Shape shape;
  private final int samples;
  private final int batch;
  private final int margin;
  private final int rowPitch;
  private final float[] values;

  private FeatureMaps(Shape shape, int samples, int margin, int rowPitch, float[] values) {
    this.shape = shape;
    this.samples = samples;
    this.batch = paddedBatch(samples);
    this.margin = margin;
    this.rowPitch = rowPitch;
    this.values = values;
  }

  /** Samples of a batch with the empty ones. */
  static int paddedBatch(int samples) {
    return samples == 1 ? 1 : (samples + 3) / 4 * 4;
  }

  /** Maps with a margin and room behind the rows, which lie at least {@code rowPitch} floats from each other. */
  static FeatureMaps padded(Shape shape, int samples, int margin, int rowPitch) {
    int batch = paddedBatch(samples);
    int run = shape.width() * batch;
    int needed = margin * batch + Math.max(run + margin * batch, Kernels.withSlack(run));
    return create(shape, samples, margin, Math.max(needed, rowPitch));
  }

  /** Maps without anything between the rows. */
  static FeatureMaps tight(Shape shape, int samples) {
    return create(shape, samples, 0, shape.width() * paddedBatch(samples));
  }

  private static FeatureMaps create(Shape shape, int samples, int margin, int rowPitch) {
    int plane = Math.multiplyExact(shape.height() + 2 * margin, rowPitch);
    int size =
        Math.addExact(
            Math.multiplyExact(shape.channels(), plane), 2 * Kernels.SLACK + 2 * rowPitch);
    return new FeatureMaps(shape, samples, margin, rowPitch, new float[size]);
  }

  /** The same values as one vector of features. */
  FeatureMaps flattened() {
    if (!isTight()) {
      throw new IllegalStateException("Only tight feature maps are a vector as they are.");
    }
    return new FeatureMaps(new Shape(shape.size(), 1, 1), samples, 0, batch, values);
  }

  /** The same values in the shape of other maps: as they are, or flattened. */
  FeatureMaps shapedAs(FeatureMaps other) {
    return shape.equals(other.shape) ? this : flattened();
  }

  /** Whether nothing lies between the rows. */
  boolean isTight() {
    return margin == 0 && rowPitch == runLength();
  }

  /** Whether there is room behind every row for whole vectors. */
  boolean isRounded() {
    return rowPitch >= margin * batch + Kernels.withSlack(runLength());
  }

  Shape shape() {
    return shape;
  }

  /** Samples in the batch, without the empty ones. */
  int samples() {
    return samples;
  }

  /** Samples in the batch, with the empty ones. */
  int batch() {
    return batch;
  }

  float[] values() {
    return values;
  }

  /** Rows and columns of zeros around every map. */
  int margin() {
    return margin;
  }

  /** Floats from a row to the next. */
  int rowPitch() {
    return rowPitch;
  }

  /** Floats from a map to the next. */
  int planePitch() {
    return (shape.height() + 2 * margin) * rowPitch;
  }

  /** Floats of a row, without margin and slack. */
  int runLength() {
    return shape.width() * batch;
  }

  /** Values without margin and slack. */
  int size() {
    return shape.channels() * shape.height() * runLength();
  }

  /** Index of the first value of a row. */
  int row(int channel, int y) {
    return channel * planePitch() + (y + margin) * rowPitch + margin * batch;
  }

  /** Takes {@code [sample][channel][row][column]}; the empty samples stay empty. */
  void importSamples(float[] source) {
    int width = shape.width();
    int sampleSize = shape.size();
    for (int c = 0; c < shape.channels(); c++) {
      for (int y = 0; y < shape.height(); y++) {
        int p = (c * shape.height() + y) * width;
        int q = row(c, y);
        for (int n = 0; n < samples; n++, p += sampleSize) {
          for (int x = 0; x < width; x++) {
            values[q + x * batch + n] = source[p + x];
          }
        }
      }
    }
  }

  /** Gives {@code [sample][channel][row][column]}, without the empty samples. */
  void exportSamples(float[] target) {
    int width = shape.width();
    int sampleSize = shape.size();
    for (int c = 0; c < shape.channels(); c++) {
      for (int y = 0; y < shape.height(); y++) {
        int p = (c * shape.height() + y) * width;
        int q = row(c, y);
        for (int n = 0; n < samples; n++, p += sampleSize) {
          for (int x = 0; x < width; x++) {
            target[p + x] = values[q + x * batch + n];
          }
        }
      }
    }
  }

  /** Takes the values of maps of the same shape in another form. */
  void copyFrom(FeatureMaps source) {
    int run = runLength();
    for (int c = 0; c < shape.channels(); c++) {
      for (int y = 0; y < shape.height(); y++) {
        System.arraycopy(source.values, source.row(c, y), values, row(c, y), run);
      }
    }
  }
}
