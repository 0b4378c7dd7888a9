package io.coppice.learning.engine;

import static io.coppice.learning.nn.LayerSpec.BatchNorm.EPSILON;
import static io.coppice.learning.nn.LayerSpec.BatchNorm.MOMENTUM;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import java.util.Arrays;

/** Batch normalisation: by the statistics of the batch in training, by the running ones in inference. */
final class BatchNormLayer extends Layer {

  /**
   * Where the parameters of the layer lie.
   *
   * @param scale one a channel, as all others
   */
  record Tensors(
      ParameterTensor scale,
      ParameterTensor bias,
      ParameterTensor runningMean,
      ParameterTensor runningVariance) {}

  private final Tensors tensors;
  private final int channels;
  private final float[] scale;
  private final float[] bias;
  private final float[] runningMean;
  private final float[] runningVariance;

  /** What the last forward pass normalised by. */
  private final float[] mean;

  private final float[] inverseDeviation;

  /** Sums of the gradients over the steps of a round. */
  private final float[] scaleGradients;

  private final float[] biasGradients;

  BatchNormLayer(FeatureMaps in, FeatureMaps out, Tensors tensors) {
    super(in, out);
    this.tensors = tensors;
    this.channels = in.shape().channels();
    this.scale = new float[channels];
    this.bias = new float[channels];
    this.runningMean = new float[channels];
    this.runningVariance = new float[channels];
    this.mean = new float[channels];
    this.inverseDeviation = new float[channels];
    this.scaleGradients = new float[channels];
    this.biasGradients = new float[channels];
  }

  @Override
  void load(float[] parameters, Mask mask) {
    System.arraycopy(parameters, tensors.scale().offset(), scale, 0, channels);
    System.arraycopy(parameters, tensors.bias().offset(), bias, 0, channels);
    System.arraycopy(parameters, tensors.runningMean().offset(), runningMean, 0, channels);
    System.arraycopy(parameters, tensors.runningVariance().offset(), runningVariance, 0, channels);
  }

  @Override
  void store(float[] parameters) {
    System.arraycopy(scale, 0, parameters, tensors.scale().offset(), channels);
    System.arraycopy(bias, 0, parameters, tensors.bias().offset(), channels);
    System.arraycopy(runningMean, 0, parameters, tensors.runningMean().offset(), channels);
    System.arraycopy(runningVariance, 0, parameters, tensors.runningVariance().offset(), channels);
  }

  @Override
  int delta(float[] model, float[] active, int at) {
    int next = difference(scale, tensors.scale(), model, active, at);
    next = difference(bias, tensors.bias(), model, active, next);
    next = difference(runningMean, tensors.runningMean(), model, active, next);
    return difference(runningVariance, tensors.runningVariance(), model, active, next);
  }

  private static int difference(
      float[] values, ParameterTensor tensor, float[] model, float[] active, int at) {
    for (int i = 0; i < values.length; i++) {
      active[at + i] = values[i] - model[tensor.offset() + i];
    }
    return at + values.length;
  }

  /** Values of a channel in a batch. */
  private int count() {
    return in().samples() * in().shape().positions();
  }

  @Override
  void forward(boolean training) {
    if (training && count() < 2) {
      throw new IllegalStateException(
          "Batch normalisation needs at least 2 values of each channel in a batch to train.");
    }
    for (int c = 0; c < channels; c++) {
      double variance = runningVariance[c];
      mean[c] = runningMean[c];
      if (training) {
        mean[c] = (float) mean(c);
        variance = variance(c);
        double unbiased = variance * count() / (count() - 1);
        runningMean[c] = (float) ((1 - MOMENTUM) * runningMean[c] + MOMENTUM * mean[c]);
        runningVariance[c] = (float) ((1 - MOMENTUM) * runningVariance[c] + MOMENTUM * unbiased);
      }
      inverseDeviation[c] = (float) (1 / Math.sqrt(variance + EPSILON));
      normalise(c);
    }
  }

  private double mean(int c) {
    FeatureMaps in = in();
    double sum = 0;
    for (int y = 0; y < in.shape().height(); y++) {
      for (int x = 0; x < in.shape().width(); x++) {
        int p = in.row(c, y) + x * in.batch();
        for (int n = 0; n < in.samples(); n++) {
          sum += in.values()[p + n];
        }
      }
    }
    return sum / count();
  }

  private double variance(int c) {
    FeatureMaps in = in();
    double sum = 0;
    for (int y = 0; y < in.shape().height(); y++) {
      for (int x = 0; x < in.shape().width(); x++) {
        int p = in.row(c, y) + x * in.batch();
        for (int n = 0; n < in.samples(); n++) {
          double distance = in.values()[p + n] - mean[c];
          sum += distance * distance;
        }
      }
    }
    return sum / count();
  }

  private void normalise(int c) {
    FeatureMaps in = in();
    FeatureMaps out = out();
    float factor = scale[c] * inverseDeviation[c];
    float shift = bias[c] - mean[c] * factor;
    for (int y = 0; y < in.shape().height(); y++) {
      int p = in.row(c, y);
      int q = out.row(c, y);
      for (int i = 0; i < in.runLength(); i++) {
        out.values()[q + i] = in.values()[p + i] * factor + shift;
      }
    }
  }

  @Override
  void backward(TrainingStep step) {
    FeatureMaps in = in();
    FeatureMaps by = outGradient();
    for (int c = 0; c < channels; c++) {
      double sum = 0;
      double product = 0;
      for (int y = 0; y < in.shape().height(); y++) {
        for (int x = 0; x < in.shape().width(); x++) {
          int p = in.row(c, y) + x * in.batch();
          int g = by.row(c, y) + x * in.batch();
          for (int n = 0; n < in.samples(); n++) {
            double gradient = by.values()[g + n];
            sum += gradient;
            product += gradient * (in.values()[p + n] - mean[c]) * inverseDeviation[c];
          }
        }
      }
      if (inGradient() != null) {
        inputGradient(c, (float) (sum / count()), (float) (product / count()));
      }
      learn(c, (float) product, (float) sum, step);
    }
  }

  private void inputGradient(int c, float meanGradient, float meanProduct) {
    FeatureMaps in = in();
    FeatureMaps by = outGradient();
    FeatureMaps to = inGradient();
    float factor = scale[c] * inverseDeviation[c];
    for (int y = 0; y < in.shape().height(); y++) {
      for (int x = 0; x < in.shape().width(); x++) {
        int p = in.row(c, y) + x * in.batch();
        int g = by.row(c, y) + x * in.batch();
        int q = to.row(c, y) + x * in.batch();
        for (int n = 0; n < in.samples(); n++) {
          float normal = (in.values()[p + n] - mean[c]) * inverseDeviation[c];
          to.values()[q + n] = factor * (by.values()[g + n] - meanGradient - normal * meanProduct);
        }
      }
    }
  }

  private void learn(int c, float byScale, float byBias, TrainingStep step) {
    scale[c] -= step.learningRate() * byScale;
    bias[c] -= step.learningRate() * byBias;
    if (step.gradient() != null) {
      step.gradient()[tensors.scale().offset() + c] = byScale;
      step.gradient()[tensors.bias().offset() + c] = byBias;
    }
    if (step.sumAll()) {
      scaleGradients[c] += byScale;
      biasGradients[c] += byBias;
    }
  }

  @Override
  void forgetGradients() {
    Arrays.fill(scaleGradients, 0f);
    Arrays.fill(biasGradients, 0f);
  }

  /** Running statistics are not learned: they have no gradient. */
  @Override
  void addGradients(GradientTarget target) {
    target.add(tensors.scale().offset(), scaleGradients);
    target.add(tensors.bias().offset(), biasGradients);
    forgetGradients();
  }
}
