package io.coppice.learning.engine;

import io.coppice.learning.kernels.AlignedFloats;
import io.coppice.learning.kernels.Kernels;

/**
 * The gradient by all weights of a convolution from patches of its input.
 *
 * <p>Behind ReLU and max-pooling most pixels of an output have gradient zero. Each of the others adds its gradient times the
 * patch of the input that it was computed from. The input is laid out anew for that, pixel after pixel with the channels side by
 * side, so that every row of a patch is one run.
 */
final class PatchGradients extends AllWeightGradients {

  /** Output channels that go over a sample one after another, while it is in the caches. */
  private static final int OUTPUTS_A_BLOCK = 16;

  /** Small maps are taken several samples at a time, so that a sum is not loaded and stored for a handful of pixels. */
  private static final int PIXELS_A_GROUP = 128;

  private final Kernels kernels;
  private final Layer layer;
  private final Window window;

  /** The padded input as {@code [sample][row][column][channel]}. */
  private final AlignedFloats patches;

  private final int rowPitch;
  private final int samplePitch;

  private final int samplesAGroup;
  private final int groups;

  /** Pixels of an output in a group of samples. */
  private final int listSize;

  /** A row of a patch, with slack. */
  private final int gradientPitch;

  /** The non-zero gradients of a block of output channels, by group of samples and channel. */
  private final int[] positions;

  private final float[] values;
  private final int[] counts;

  PatchGradients(Kernels kernels, Layer layer, Window window) {
    super(window.outputs() * window.kernel() * gradientPitch(layer, window));
    this.kernels = kernels;
    this.layer = layer;
    this.window = window;
    FeatureMaps in = layer.in();
    int height = in.shape().height() + 2 * window.padding();
    int width = in.shape().width() + 2 * window.padding();
    this.rowPitch = width * channels();
    this.samplePitch = height * rowPitch;
    this.patches = new AlignedFloats(Math.multiplyExact(in.samples(), samplePitch));
    this.gradientPitch = gradientPitch(layer, window);
    int pixels = layer.out().shape().positions();
    this.samplesAGroup = Math.clamp(PIXELS_A_GROUP / pixels, 1, in.samples());
    this.groups = Math.ceilDiv(in.samples(), samplesAGroup);
    this.listSize = samplesAGroup * pixels;
    this.positions = new int[groups * OUTPUTS_A_BLOCK * listSize];
    this.values = new float[positions.length];
    this.counts = new int[groups * OUTPUTS_A_BLOCK];
  }

  private static int gradientPitch(Layer layer, Window window) {
    return Kernels.withSlack(window.kernel() * layer.in().shape().channels());
  }

  private int channels() {
    return layer.in().shape().channels();
  }

  /** Into {@code [output][kernel row][kernel column][channel]}, with slack behind every kernel row. */
  @Override
  void compute(float[] target) {
    layOut();
    for (int from = 0; from < window.outputs(); from += OUTPUTS_A_BLOCK) {
      int block = Math.min(OUTPUTS_A_BLOCK, window.outputs() - from);
      for (int i = 0; i < block; i++) {
        collect(from + i, i);
      }
      for (int group = 0; group < groups; group++) {
        for (int i = 0; i < block; i++) {
          accumulate(group * OUTPUTS_A_BLOCK + i, from + i, target);
        }
      }
    }
  }

  private void layOut() {
    FeatureMaps in = layer.in();
    int channels = channels();
    int batch = in.batch();
    for (int c = 0; c < channels; c++) {
      for (int y = 0; y < in.shape().height(); y++) {
        int p = in.row(c, y);
        int q = (y + window.padding()) * rowPitch + window.padding() * channels + c;
        for (int n = 0; n < in.samples(); n++) {
          for (int x = 0; x < in.shape().width(); x++) {
            patches.set(q + n * samplePitch + x * channels, in.values()[p + x * batch + n]);
          }
        }
      }
    }
  }

  /** Lists where an output channel has a gradient, by group of samples. */
  private void collect(int output, int inBlock) {
    for (int group = 0; group < groups; group++) {
      int list = group * OUTPUTS_A_BLOCK + inBlock;
      int start = list * listSize;
      int end = start;
      int behind = Math.min((group + 1) * samplesAGroup, layer.in().samples());
      for (int n = group * samplesAGroup; n < behind; n++) {
        end = collect(output, n, end);
      }
      counts[list] = end - start;
    }
  }

  /** Appends one sample's to a list; returns where it ends then. */
  private int collect(int output, int sample, int end) {
    FeatureMaps by = layer.outGradient();
    int batch = by.batch();
    int step = window.stride() * channels();
    float[] from = by.values();
    int next = end;
    for (int y = 0; y < by.shape().height(); y++) {
      int p = by.row(output, y) + sample;
      int patch = sample * samplePitch + y * window.stride() * rowPitch;
      for (int x = 0; x < by.shape().width(); x++) {
        float g = from[p + x * batch];
        positions[next] = patch + x * step;
        values[next] = g;
        next += NonZero.flag(g);
      }
    }
    return next;
  }

  private void accumulate(int list, int output, float[] target) {
    kernels.patchGradient(
        positions,
        values,
        list * listSize,
        counts[list],
        patches,
        rowPitch,
        window.kernel(),
        window.kernel() * channels(),
        target,
        output * window.kernel() * gradientPitch);
  }

  @Override
  int index(int weight) {
    int channel = window.input(weight);
    return (window.output(weight) * window.kernel() + window.row(weight)) * gradientPitch
        + window.column(weight) * channels()
        + channel;
  }
}
