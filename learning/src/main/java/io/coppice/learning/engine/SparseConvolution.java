package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.kernels.Sweep;
import io.coppice.learning.kernels.Taps;
import java.util.Arrays;
import java.util.BitSet;

/**
 * A convolution by its active weights. The weights are kept twice: by output channel for the forward pass, and by input channel
 * for the gradient by the input, which is the same computation with the roles of input and output exchanged.
 */
final class SparseConvolution implements WeightComputation {

  /** From this density on, the gradient by all weights costs no more than that by the active ones. */
  private static final double ALL_GRADIENTS_FROM = 0.2;

  private final Kernels kernels;
  private final Layer layer;
  private final Window window;

  /** Null for stride 1, where the input is used as it is. */
  private final Phases phases;

  /** Takes the gradient by the input's phases; null for stride 1 or where it is not needed. */
  private final Phases phaseGradients;

  private final Sweep forward;

  /** Index of every active weight in the layer's weights. */
  private int[] indices = {};

  private Taps taps;
  private float[] gradient;

  /** The active weights by input channel, each with its index in {@link #taps}. */
  private Taps transposed;

  private int[] transposedIndices;
  private Sweep backward;

  /** Computes the gradient by all weights; null until it is asked for, since its buffers may be as large as the maps. */
  private AllWeightGradients all;

  /** Whether the gradient by all weights is computed in every step. */
  private boolean allGradients;

  SparseConvolution(Kernels kernels, Layer layer, Window window) {
    this.kernels = kernels;
    this.layer = layer;
    this.window = window;
    FeatureMaps in = layer.in();
    FeatureMaps out = layer.out();
    boolean strided = window.stride() > 1;
    this.phases = strided ? new Phases(in, window.stride(), window.padding()) : null;
    this.phaseGradients =
        strided && layer.inGradient() != null
            ? new Phases(in, window.stride(), window.padding())
            : null;
    this.forward =
        new Sweep(
            out.shape().height(),
            out.runLength(),
            strided ? phases.rowPitch() : in.rowPitch(),
            out.rowPitch(),
            out.planePitch());
  }

  private AllWeightGradients newAllGradients() {
    boolean fewChannels = window.kernel() * window.inputs() < Kernels.SLACK;
    return window.depthwise() || fewChannels
        ? new TapGradients(
            byOutput(ActiveWeights.indices(null, window.weights())), this::weightGradients)
        : new PatchGradients(kernels, layer, window);
  }

  @Override
  public boolean isSparse() {
    return true;
  }

  @Override
  public void prune(BitSet active) {
    indices = ActiveWeights.indices(active, window.weights());
    taps = byOutput(indices);
    gradient = new float[indices.length];
    allGradients = indices.length >= ALL_GRADIENTS_FROM * window.weights();
    if (layer.inGradient() != null) {
      transpose();
    }
  }

  /** The taps of some weights, in ascending order, as the forward pass sees them. */
  private Taps byOutput(int[] weights) {
    int[] starts = new int[window.outputs() + 1];
    int[] channels = new int[weights.length];
    int[] offsets = new int[weights.length];
    for (int k = 0; k < weights.length; k++) {
      int w = weights[k];
      starts[window.output(w) + 1]++;
      channels[k] = window.input(w);
      offsets[k] = inputOffset(w);
    }
    Arrays.parallelPrefix(starts, Integer::sum);
    return new Taps(starts, channels, offsets, window.inputs());
  }

  /** What a weight sees of the input for the first output pixel, relative to {@link #inputOrigin}. */
  private int inputOffset(int weight) {
    int row = window.row(weight);
    int column = window.column(weight);
    int channel = window.input(weight);
    int stride = window.stride();
    FeatureMaps in = layer.in();
    if (phases == null) {
      return channel * in.planePitch()
          + (row - window.padding()) * in.rowPitch()
          + (column - window.padding()) * in.batch();
    }
    return phases.origin(channel, row % stride, column % stride)
        + row / stride * phases.rowPitch()
        + column / stride * in.batch();
  }

  private int inputOrigin() {
    return phases == null ? layer.in().row(0, 0) : 0;
  }

  private float[] inputValues() {
    return phases == null ? layer.in().values() : phases.values();
  }

  /**
   * Sorts the active weights by what they contribute to: the input channel, or with a stride its phase. Output pixel (y, x) saw
   * pixel (y x stride + row - padding, ...) through the weight at (row, column), so an input pixel takes its gradient from the
   * output pixel as far before it.
   */
  private void transpose() {
    int stride = window.stride();
    int phasesAChannel = stride * stride;
    int targets = window.inputs() * phasesAChannel;
    int[] starts = new int[targets + 1];
    for (int w : indices) {
      starts[target(w) + 1]++;
    }
    Arrays.parallelPrefix(starts, Integer::sum);
    int[] next = starts.clone();
    int[] channels = new int[indices.length];
    int[] offsets = new int[indices.length];
    transposedIndices = new int[indices.length];
    FeatureMaps by = layer.outGradient();
    for (int k = 0; k < indices.length; k++) {
      int w = indices[k];
      int q = next[target(w)]++;
      int up = stride == 1 ? window.row(w) - window.padding() : window.row(w) / stride;
      int left = stride == 1 ? window.column(w) - window.padding() : window.column(w) / stride;
      transposedIndices[q] = k;
      channels[q] = window.output(w);
      offsets[q] = window.output(w) * by.planePitch() - up * by.rowPitch() - left * by.batch();
    }
    transposed = new Taps(starts, channels, offsets, window.outputs());
    FeatureMaps to = layer.inGradient();
    backward =
        stride == 1
            ? new Sweep(
                to.shape().height(), to.runLength(), by.rowPitch(), to.rowPitch(), to.planePitch())
            : new Sweep(
                phaseGradients.rows(),
                phaseGradients.runLength(),
                by.rowPitch(),
                phaseGradients.rowPitch(),
                phaseGradients.planePitch());
  }

  private int target(int weight) {
    int stride = window.stride();
    return (window.input(weight) * stride + window.row(weight) % stride) * stride
        + window.column(weight) % stride;
  }

  @Override
  public void load(float[] parameters, int offset) {
    ActiveWeights.gather(parameters, offset, indices, taps.values());
  }

  @Override
  public void store(float[] parameters, int offset) {
    ActiveWeights.scatter(taps.values(), indices, parameters, offset);
  }

  @Override
  public int delta(float[] model, int offset, float[] active, int at) {
    float[] values = taps.values();
    for (int k = 0; k < indices.length; k++) {
      active[at + k] = values[k] - model[offset + indices[k]];
    }
    return at + indices.length;
  }

  @Override
  public void forward(float[] bias) {
    if (phases != null) {
      phases.split(layer.in());
    }
    FeatureMaps out = layer.out();
    kernels.correlate(
        taps, bias, inputValues(), inputOrigin(), out.values(), out.row(0, 0), forward);
  }

  @Override
  public void backward(TrainingStep step, int offset) {
    FeatureMaps by = layer.outGradient();
    if (layer.inGradient() != null) {
      inputGradient(by);
    }
    if (step.sumAll() || allGradients) {
      if (all == null) {
        all = newAllGradients();
      }
      all.compute(step.sumAll());
      all.gather(indices, gradient);
    } else {
      weightGradients(taps, gradient);
    }
    ActiveWeights.step(taps.values(), gradient, indices, offset, step);
  }

  private void weightGradients(Taps of, float[] target) {
    FeatureMaps by = layer.outGradient();
    Sweep sweep =
        new Sweep(
            forward.rows(), forward.runLength(), forward.inPitch(), by.rowPitch(), by.planePitch());
    kernels.correlateGradient(
        of, inputValues(), inputOrigin(), by.values(), by.row(0, 0), sweep, target);
  }

  private void inputGradient(FeatureMaps by) {
    float[] values = taps.values();
    float[] moved = transposed.values();
    for (int k = 0; k < moved.length; k++) {
      moved[k] = values[transposedIndices[k]];
    }
    FeatureMaps to = layer.inGradient();
    if (phaseGradients == null) {
      kernels.correlate(
          transposed, null, by.values(), by.row(0, 0), to.values(), to.row(0, 0), backward);
    } else {
      kernels.correlate(
          transposed, null, by.values(), by.row(0, 0), phaseGradients.values(), 0, backward);
      phaseGradients.join(to);
    }
  }

  @Override
  public void forgetGradients() {
    if (all != null) {
      all.forget();
    }
  }

  @Override
  public void addGradients(GradientTarget target, int offset) {
    if (all != null) {
      all.addTo(target, offset, window.weights());
    }
  }

  @Override
  public void close() {}
}
