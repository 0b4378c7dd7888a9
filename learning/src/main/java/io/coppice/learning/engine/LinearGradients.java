package io.coppice.learning.engine;

import io.coppice.learning.kernels.AlignedFloats;
import io.coppice.learning.kernels.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The gradients by all weights of a linear layer, active or not, summed over the steps of a round.
 *
 * <p>A step's gradient is the product of its output gradients and its inputs, so nothing needs to be computed until the round
 * ends: the pairs are kept, and one product over all of the round's samples takes the place of one for each step. A sample for
 * which an output has no gradient, as half of them behind a ReLU, is left out of that output's sums.
 */
final class LinearGradients {

  /** Samples of a round, at most: their numbers take two bytes. */
  static final int MAX_SAMPLES = 1 << Character.SIZE;

  private static final int WIDTH = Kernels.GRADIENT_WIDTH;

  private final Kernels kernels;
  private final int rows;
  private final int columns;

  /** In a step, without and with the empty ones. */
  private final int samples;

  private final int batch;

  /** Of every step since the pairs were forgotten: inputs {@code [columns][batch]}, output gradients {@code [rows][batch]}. */
  private final List<float[]> inputs = new ArrayList<>();

  private final List<float[]> outGradients = new ArrayList<>();

  /**
   * @param in the layer's input
   * @param out the layer's output
   */
  LinearGradients(Kernels kernels, FeatureMaps in, FeatureMaps out) {
    this.kernels = kernels;
    this.rows = out.shape().channels();
    this.columns = in.shape().channels();
    this.samples = in.samples();
    this.batch = in.batch();
  }

  /**
   * Keeps a step's pair.
   *
   * @throws IllegalStateException if {@link #MAX_SAMPLES} would be exceeded
   */
  void record(FeatureMaps in, FeatureMaps outGradient) {
    if ((inputs.size() + 1) * samples > MAX_SAMPLES) {
      throw new IllegalStateException(
          "The gradients of all parameters are summed over at most " + MAX_SAMPLES + " samples.");
    }
    inputs.add(Arrays.copyOf(in.values(), columns * batch));
    outGradients.add(Arrays.copyOf(outGradient.values(), rows * batch));
  }

  /** Forgets the pairs. */
  void forget() {
    inputs.clear();
    outGradients.clear();
  }

  /** Adds the sum of every weight, and forgets the pairs. */
  void addTo(GradientTarget target, int offset) {
    if (inputs.isEmpty()) {
      return;
    }
    int kept = inputs.size() * samples;
    int[] starts = new int[rows + 1];
    char[] numbers = new char[Math.multiplyExact(rows, kept)];
    float[] gradients = new float[numbers.length];
    collect(starts, numbers, gradients);
    AlignedFloats block = new AlignedFloats(kept * WIDTH);
    for (int column = 0; column < columns; column += WIDTH) {
      int length = Math.min(WIDTH, columns - column);
      pack(column, length, block);
      for (int row = 0; row < rows; row++) {
        kernels.addGradients(
            numbers,
            gradients,
            starts[row],
            starts[row + 1],
            block,
            WIDTH,
            target.squared(),
            target.factor(),
            target.values(),
            offset + row * columns + column,
            length);
      }
    }
    forget();
  }

  /** Per output the samples that have a gradient. */
  private void collect(int[] starts, char[] numbers, float[] gradients) {
    int count = 0;
    for (int row = 0; row < rows; row++) {
      for (int step = 0; step < outGradients.size(); step++) {
        float[] of = outGradients.get(step);
        for (int n = 0; n < samples; n++) {
          float g = of[row * batch + n];
          numbers[count] = (char) (step * samples + n);
          gradients[count] = g;
          count += NonZero.flag(g);
        }
      }
      starts[row + 1] = count;
    }
  }

  /** Some columns of all kept inputs, sample after sample. */
  private void pack(int column, int length, AlignedFloats block) {
    for (int step = 0; step < inputs.size(); step++) {
      float[] of = inputs.get(step);
      for (int n = 0; n < samples; n++) {
        int p = (step * samples + n) * WIDTH;
        for (int i = 0; i < length; i++) {
          block.set(p + i, of[(column + i) * batch + n]);
        }
      }
    }
  }
}
