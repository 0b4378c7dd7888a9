package io.coppice.learning.kernels;

/**
 * The arithmetic of pruned layers, in two implementations: {@link VectorKernels} on the Vector API, and {@link ScalarKernels} in
 * plain loops for a Java runtime without that module. {@link #best} chooses once.
 *
 * <p>Activations lie as {@code [channel][row][column][sample]}, the samples of a batch side by side. In that layout a shift by a
 * pixel is a shift of a contiguous run, so one active weight of a convolution is one multiply-add of two runs, whatever the
 * pattern of the active weights is; and the channels, rows and columns of a batch are the features of a linear layer without
 * being moved. No kernel needs more than the active weights, and none looks at a pruned one.
 *
 * <p>Sizes: arrays that are read may be read, and runs that are written may be written, up to {@link #SLACK} floats behind their
 * end. Whoever allocates them provides for that.
 */
public interface Kernels {

  /** Floats that a kernel may touch behind the end of a run: those of the longest vector. */
  int SLACK = 16;

  /** The implementation for this Java runtime, chosen at the first call. */
  static Kernels best() {
    return KernelsHolder.BEST;
  }

  /** The implementation in plain loops, which runs everywhere. */
  static Kernels scalar() {
    return new ScalarKernels();
  }

  /** A run's length with room for whole vectors. */
  static int withSlack(int length) {
    return (length + SLACK - 1) / SLACK * SLACK;
  }

  /** What computes, in words for a log line. */
  String description();

  /** Bits of the processor's preferred vector; 0 if that is not known. */
  int vectorBits();

  /**
   * A convolution's forward pass, or the gradient by its input: every output run is the bias of its map plus the weighted sum of
   * the input runs that the map's active weights see.
   *
   * <p>{@code out[outOrigin + m * outPlane + y * outPitch + i] = bias[m] + sum over k of map m: values[k] * in[inOrigin +
   * offsets[k] + y * inPitch + i]}
   *
   * <p>What lies between the rows of the output may be overwritten.
   *
   * @param taps the active weights, by output map
   * @param bias one value a map, or null for none
   * @param sweep rows and runs of a map
   */
  void correlate(
      Taps taps, float[] bias, float[] in, int inOrigin, float[] out, int outOrigin, Sweep sweep);

  /**
   * The gradient by the active weights of a convolution: {@code gradient[k] = sum over y and i of outGradient[outOrigin + m *
   * outPlane + y * outPitch + i] * in[inOrigin + offsets[k] + y * inPitch + i]} for k of map m.
   *
   * @param outGradient must be zero in the slack behind every run
   * @param gradient takes one value an active weight
   */
  void correlateGradient(
      Taps taps,
      float[] in,
      int inOrigin,
      float[] outGradient,
      int outOrigin,
      Sweep sweep,
      float[] gradient);

  /**
   * Adds the gradient by all weights of one output map of a convolution, active or not. What the gradient by the output has in
   * zeros, and behind ReLU and max-pooling that is most of it, costs nothing.
   *
   * @param positions for every non-zero gradient of the map, where its patch begins in {@code patches}
   * @param values those gradients
   * @param from index of the first one
   * @param count how many there are
   * @param patches the input, pixel after pixel and the channels of a pixel side by side, so that a row of a patch is one run
   * @param rowPitch floats from a row of a patch to the next
   * @param rows rows of a patch
   * @param rowLength floats of a row of a patch
   * @param gradient takes the sums, a row of the patch after the other
   * @param origin where the map's gradient begins in {@code gradient}; each row has the length {@link #withSlack}
   */
  void patchGradient(
      int[] positions,
      float[] values,
      int from,
      int count,
      AlignedFloats patches,
      int rowPitch,
      int rows,
      int rowLength,
      float[] gradient,
      int origin);

  /**
   * A linear layer's forward pass, {@code y = W x + bias}.
   *
   * @param x {@code [columns][batch]}
   * @param y takes {@code [rows][batch]}
   * @param batch 1 or a multiple of 4
   */
  void multiply(SparseMatrix matrix, float[] bias, float[] x, float[] y, int batch);

  /**
   * A linear layer's backward pass with the step of SGD in it: adds {@code W^T yGradient} to {@code xGradient}, and moves the
   * active weights by {@code -learningRate} times their gradient, in one pass over them.
   *
   * @param xGradient {@code [columns][batch]}, is added to
   * @param batch 1 or a multiple of 4
   */
  void backward(
      SparseMatrix matrix,
      float[] x,
      float[] yGradient,
      float[] xGradient,
      int batch,
      float learningRate);

  /**
   * The gradient by the active weights of a linear layer.
   *
   * @param gradient takes one value an active weight
   * @param batch 1 or a multiple of 4
   */
  void multiplyGradient(
      SparseMatrix matrix, float[] x, float[] yGradient, int batch, float[] gradient);

  /**
   * Adds {@code W^T yGradient} to {@code xGradient}.
   *
   * @param batch 1 or a multiple of 4
   */
  void multiplyTransposed(SparseMatrix matrix, float[] yGradient, float[] xGradient, int batch);

  /**
   * Adds the gradients, summed over a round, of a stretch of one row of a linear layer's weights, active or not, from the stored
   * inputs and output gradients: {@code target[origin + i] += factor * s} for i below {@code length}, where s is the sum over j of
   * {@code values[j] * inputs[samples[j] * width + i]}, or the square of that sum.
   *
   * @param samples the stored samples whose gradient is not zero
   * @param values those gradients
   * @param from index of the first of them
   * @param to index behind the last one
   * @param inputs {@code [sample][width]}
   * @param width {@link #GRADIENT_WIDTH}
   * @param squared whether s is the square
   * @param length at most {@code width}
   */
  void addGradients(
      char[] samples,
      float[] values,
      int from,
      int to,
      AlignedFloats inputs,
      int width,
      boolean squared,
      float factor,
      float[] target,
      int origin,
      int length);

  /** Columns that {@link #addGradients} takes at a time: four of the longest vectors, whose inputs stay in the first cache. */
  int GRADIENT_WIDTH = 64;

  /** The sum of {@code length} values from index {@code from} on. */
  float sum(float[] values, int from, int length);

  /** {@code out[o + i] = max(in[p + i], 0)} for i below {@code length}. */
  void relu(float[] in, int p, float[] out, int o, int length);

  /** {@code gradient[g + i] = out[o + i] > 0 ? gradientIn[p + i] : 0}. */
  void reluGradient(
      float[] out, int o, float[] outGradient, int p, float[] inGradient, int g, int length);

  /**
   * A row of max-pooling over 2 x 2 pixels: the maximum of a pixel pair in two rows, and zero if {@code rectified} and that is
   * below.
   *
   * @param upper where the upper row begins in {@code in}
   * @param lower where the lower row begins
   * @param pixels of the output row
   * @param batch samples of a pixel
   */
  void maxPool2(
      float[] in,
      int upper,
      int lower,
      float[] out,
      int o,
      int pixels,
      int batch,
      boolean rectified);

  /**
   * The gradient of {@link #maxPool2}: it goes to the first pixel, in row-major order, that has the maximum; nowhere if {@code
   * rectified} and the output is zero. Writes all four pixels.
   */
  void maxPool2Gradient(
      float[] in,
      int upper,
      int lower,
      float[] out,
      int o,
      float[] outGradient,
      int p,
      float[] inGradient,
      int gradientUpper,
      int gradientLower,
      int pixels,
      int batch,
      boolean rectified);
}
