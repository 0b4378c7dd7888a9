package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterTensor.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Networks in plain loops and double precision: slow, and written to be read beside the definitions. What the fast kernels are
 * tested against; itself tested against finite differences.
 */
public final class ReferenceNetwork {

  private final LayerStack stack;
  private final double[] parameters;
  private final Layer root;
  private double[] gradient;
  private int samples;
  private boolean training;

  /**
   * @param parameters one value a parameter, in layout order; copied
   */
  public ReferenceNetwork(LayerStack stack, double[] parameters) {
    this.stack = stack;
    this.parameters = parameters.clone();
    this.root = new Chain(stack);
  }

  /**
   * @param parameters one value a parameter, in layout order; copied
   */
  public ReferenceNetwork(LayerStack stack, float[] parameters) {
    this(stack, widen(parameters));
  }

  private static double[] widen(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  /**
   * Logits {@code [samples, outputs]} as in inference: batch normalisation uses its running statistics.
   *
   * @param images {@code [samples, channels, height, width]}
   */
  public double[] infer(double[] images) {
    return run(images, false);
  }

  /**
   * Logits {@code [samples, outputs]} as in training: batch normalisation uses the batch's statistics, and its running statistics
   * move on.
   *
   * @param images {@code [samples, channels, height, width]}
   */
  public double[] forward(double[] images) {
    return run(images, true);
  }

  private double[] run(double[] images, boolean inTraining) {
    samples = images.length / stack.input().size();
    training = inTraining;
    return root.forward(images);
  }

  /**
   * The gradient by all parameters for the batch of the last {@link #forward}, in layout order; 0 for running statistics.
   *
   * @param logitGradient {@code [samples, outputs]}
   */
  public double[] backward(double[] logitGradient) {
    gradient = new double[parameters.length];
    root.backward(logitGradient);
    return gradient;
  }

  /** The parameters, with the running statistics as they are after the batches so far. */
  public double[] parameters() {
    return parameters.clone();
  }

  /** A layer; it remembers what its backward pass needs. Vectors are {@code [samples, channels, height, width]}. */
  private interface Layer {

    double[] forward(double[] x);

    /** Adds to the parameters' gradients, and returns the gradient by the input. */
    double[] backward(double[] gy);
  }

  private Layer layer(LayerSpec spec, Shape in, Shape out) {
    return switch (spec) {
      case LayerSpec.Convolution s ->
          new Convolution(s, in, out, s.kernel(), s.stride(), s.padding(), false);
      case LayerSpec.DepthwiseConvolution s ->
          new Convolution(s, in, out, s.kernel(), s.stride(), s.padding(), true);
      case LayerSpec.Linear s -> new Linear(s, in, out);
      case LayerSpec.BatchNorm s -> new BatchNorm(s, in);
      case LayerSpec.Relu s -> new Relu();
      case LayerSpec.MaxPool s -> new MaxPool(s, in, out);
      case LayerSpec.AveragePool s -> new AveragePool(in, out, s.size(), s.size());
      case LayerSpec.GlobalAveragePool s -> new AveragePool(in, out, in.height(), in.width());
      case LayerSpec.Flatten s -> new Flatten();
      case LayerSpec.Residual s -> new Residual(s, in);
    };
  }

  private int offset(LayerSpec.Parameterised layer, Role role) {
    return stack.layout().find(layer.name(), role).orElseThrow().offset();
  }

  private final class Chain implements Layer {

    private final List<Layer> layers = new ArrayList<>();

    Chain(LayerStack stack) {
      for (int i = 0; i < stack.layers().size(); i++) {
        layers.add(layer(stack.layers().get(i), stack.input(i), stack.output(i)));
      }
    }

    @Override
    public double[] forward(double[] x) {
      double[] current = x;
      for (Layer layer : layers) {
        current = layer.forward(current);
      }
      return current;
    }

    @Override
    public double[] backward(double[] gy) {
      double[] current = gy;
      for (Layer layer : layers.reversed()) {
        current = layer.backward(current);
      }
      return current;
    }
  }

  private final class Residual implements Layer {

    private final Layer body;
    private final Layer shortcut;

    Residual(LayerSpec.Residual spec, Shape in) {
      body = new Chain(spec.bodyStack(in));
      shortcut = new Chain(spec.shortcutStack(in));
    }

    @Override
    public double[] forward(double[] x) {
      return sum(body.forward(x), shortcut.forward(x));
    }

    @Override
    public double[] backward(double[] gy) {
      return sum(body.backward(gy), shortcut.backward(gy));
    }

    private static double[] sum(double[] a, double[] b) {
      double[] sum = new double[a.length];
      Arrays.setAll(sum, i -> a[i] + b[i]);
      return sum;
    }
  }

  private interface Product {
    void visit(int inputIndex, int outputIndex, int weightIndex);
  }

  private final class Convolution implements Layer {

    private final Shape in;
    private final Shape out;
    private final int kernel;
    private final int stride;
    private final int padding;
    private final boolean depthwise;
    private final int weight;
    private final boolean biased;
    private final int bias;
    private double[] x;

    Convolution(
        LayerSpec.Weighted spec,
        Shape in,
        Shape out,
        int kernel,
        int stride,
        int padding,
        boolean depthwise) {
      this.in = in;
      this.out = out;
      this.kernel = kernel;
      this.stride = stride;
      this.padding = padding;
      this.depthwise = depthwise;
      this.weight = offset(spec, Role.WEIGHT);
      this.biased = spec.bias();
      this.bias = biased ? offset(spec, Role.BIAS) : -1;
    }

    @Override
    public double[] forward(double[] input) {
      x = input;
      double[] y = new double[samples * out.size()];
      products((xi, yi, wi) -> y[yi] += x[xi] * parameters[wi]);
      if (biased) {
        for (int yi = 0; yi < y.length; yi++) {
          y[yi] += parameters[bias + channel(out, yi)];
        }
      }
      return y;
    }

    @Override
    public double[] backward(double[] gy) {
      double[] gx = new double[x.length];
      products(
          (xi, yi, wi) -> {
            gradient[wi] += gy[yi] * x[xi];
            gx[xi] += gy[yi] * parameters[wi];
          });
      if (biased) {
        for (int yi = 0; yi < gy.length; yi++) {
          gradient[bias + channel(out, yi)] += gy[yi];
        }
      }
      return gx;
    }

    /** Visits every product of an input and a weight. */
    private void products(Product product) {
      int kernelChannels = depthwise ? 1 : in.channels();
      for (int n = 0; n < samples; n++) {
        for (int o = 0; o < out.channels(); o++) {
          for (int c = 0; c < kernelChannels; c++) {
            for (int ky = 0; ky < kernel; ky++) {
              for (int kx = 0; kx < kernel; kx++) {
                int wi = weight + ((o * kernelChannels + c) * kernel + ky) * kernel + kx;
                for (int yy = 0; yy < out.height(); yy++) {
                  for (int yx = 0; yx < out.width(); yx++) {
                    int xy = yy * stride + ky - padding;
                    int xx = yx * stride + kx - padding;
                    if (contains(in, xy, xx)) {
                      int xi = index(in, n, depthwise ? o : c, xy, xx);
                      product.visit(xi, index(out, n, o, yy, yx), wi);
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  private final class Linear implements Layer {

    private final int inputs;
    private final int outputs;
    private final int weight;
    private final int bias;
    private double[] x;

    Linear(LayerSpec.Linear spec, Shape in, Shape out) {
      inputs = in.size();
      outputs = out.size();
      weight = offset(spec, Role.WEIGHT);
      bias = offset(spec, Role.BIAS);
    }

    @Override
    public double[] forward(double[] input) {
      x = input;
      double[] y = new double[samples * outputs];
      for (int n = 0; n < samples; n++) {
        for (int o = 0; o < outputs; o++) {
          double sum = parameters[bias + o];
          for (int i = 0; i < inputs; i++) {
            sum += x[n * inputs + i] * parameters[weight + o * inputs + i];
          }
          y[n * outputs + o] = sum;
        }
      }
      return y;
    }

    @Override
    public double[] backward(double[] gy) {
      double[] gx = new double[x.length];
      for (int n = 0; n < samples; n++) {
        for (int o = 0; o < outputs; o++) {
          double g = gy[n * outputs + o];
          gradient[bias + o] += g;
          for (int i = 0; i < inputs; i++) {
            gradient[weight + o * inputs + i] += g * x[n * inputs + i];
            gx[n * inputs + i] += g * parameters[weight + o * inputs + i];
          }
        }
      }
      return gx;
    }
  }

  private final class BatchNorm implements Layer {

    private final Shape shape;
    private final int scale;
    private final int bias;
    private final int runningMean;
    private final int runningVariance;

    /** The normalised input, and by what the input was divided for it, a channel. */
    private double[] normalised;

    private double[] deviations;

    BatchNorm(LayerSpec.BatchNorm spec, Shape shape) {
      this.shape = shape;
      scale = offset(spec, Role.WEIGHT);
      bias = offset(spec, Role.BIAS);
      runningMean = offset(spec, Role.RUNNING_MEAN);
      runningVariance = offset(spec, Role.RUNNING_VARIANCE);
    }

    /** Number of values of a channel. */
    private int count() {
      return samples * shape.positions();
    }

    @Override
    public double[] forward(double[] x) {
      double[] means = Arrays.copyOfRange(parameters, runningMean, runningMean + shape.channels());
      double[] variances =
          Arrays.copyOfRange(parameters, runningVariance, runningVariance + shape.channels());
      if (training) {
        observe(x, means, variances);
      }
      deviations = new double[shape.channels()];
      Arrays.setAll(deviations, c -> Math.sqrt(variances[c] + LayerSpec.BatchNorm.EPSILON));
      normalised = new double[x.length];
      double[] y = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        int c = channel(shape, i);
        normalised[i] = (x[i] - means[c]) / deviations[c];
        y[i] = parameters[scale + c] * normalised[i] + parameters[bias + c];
      }
      return y;
    }

    /** Puts the batch's statistics into {@code means} and {@code variances}, and moves the running ones on. */
    private void observe(double[] x, double[] means, double[] variances) {
      if (count() < 2) {
        throw new IllegalStateException(
            "Batch normalisation cannot be trained with 1 value a channel.");
      }
      Arrays.fill(means, 0);
      for (int i = 0; i < x.length; i++) {
        means[channel(shape, i)] += x[i] / count();
      }
      Arrays.fill(variances, 0);
      for (int i = 0; i < x.length; i++) {
        int c = channel(shape, i);
        variances[c] += (x[i] - means[c]) * (x[i] - means[c]) / count();
      }
      for (int c = 0; c < shape.channels(); c++) {
        double unbiased = variances[c] * count() / (count() - 1);
        parameters[runningMean + c] = moved(parameters[runningMean + c], means[c]);
        parameters[runningVariance + c] = moved(parameters[runningVariance + c], unbiased);
      }
    }

    private static double moved(double running, double batch) {
      double momentum = LayerSpec.BatchNorm.MOMENTUM;
      return (1 - momentum) * running + momentum * batch;
    }

    /** In training. With z the normalised input, each z depends on all inputs of its channel through mean and deviation. */
    @Override
    public double[] backward(double[] gy) {
      double[] sum = new double[shape.channels()];
      double[] sumWithNormalised = new double[shape.channels()];
      for (int i = 0; i < gy.length; i++) {
        int c = channel(shape, i);
        sum[c] += gy[i];
        sumWithNormalised[c] += gy[i] * normalised[i];
      }
      for (int c = 0; c < shape.channels(); c++) {
        gradient[bias + c] += sum[c];
        gradient[scale + c] += sumWithNormalised[c];
      }
      double[] gx = new double[gy.length];
      for (int i = 0; i < gy.length; i++) {
        int c = channel(shape, i);
        double throughStatistics = (sum[c] + normalised[i] * sumWithNormalised[c]) / count();
        gx[i] = parameters[scale + c] / deviations[c] * (gy[i] - throughStatistics);
      }
      return gx;
    }
  }

  private static final class Relu implements Layer {

    private double[] x;

    @Override
    public double[] forward(double[] input) {
      x = input;
      double[] y = new double[x.length];
      Arrays.setAll(y, i -> Math.max(x[i], 0));
      return y;
    }

    @Override
    public double[] backward(double[] gy) {
      double[] gx = new double[x.length];
      Arrays.setAll(gx, i -> x[i] > 0 ? gy[i] : 0);
      return gx;
    }
  }

  private final class MaxPool implements Layer {

    private final LayerSpec.MaxPool spec;
    private final Shape in;
    private final Shape out;

    /** For every output the index of the input that it takes; of equal ones the first. */
    private int[] chosen;

    MaxPool(LayerSpec.MaxPool spec, Shape in, Shape out) {
      this.spec = spec;
      this.in = in;
      this.out = out;
    }

    @Override
    public double[] forward(double[] x) {
      chosen = new int[samples * out.size()];
      for (int n = 0; n < samples; n++) {
        for (int c = 0; c < out.channels(); c++) {
          for (int yy = 0; yy < out.height(); yy++) {
            for (int yx = 0; yx < out.width(); yx++) {
              chosen[index(out, n, c, yy, yx)] = highest(x, n, c, yy, yx);
            }
          }
        }
      }
      return Arrays.stream(chosen).mapToDouble(xi -> x[xi]).toArray();
    }

    private int highest(double[] x, int n, int c, int yy, int yx) {
      int best = -1;
      for (int ky = 0; ky < spec.size(); ky++) {
        for (int kx = 0; kx < spec.size(); kx++) {
          int xy = yy * spec.stride() + ky - spec.padding();
          int xx = yx * spec.stride() + kx - spec.padding();
          if (contains(in, xy, xx)) {
            int xi = index(in, n, c, xy, xx);
            best = best < 0 || x[xi] > x[best] ? xi : best;
          }
        }
      }
      return best;
    }

    @Override
    public double[] backward(double[] gy) {
      double[] gx = new double[samples * in.size()];
      for (int yi = 0; yi < gy.length; yi++) {
        gx[chosen[yi]] += gy[yi];
      }
      return gx;
    }
  }

  private final class AveragePool implements Layer {

    private final Shape in;
    private final Shape out;
    private final int height;
    private final int width;

    AveragePool(Shape in, Shape out, int height, int width) {
      this.in = in;
      this.out = out;
      this.height = height;
      this.width = width;
    }

    @Override
    public double[] forward(double[] x) {
      double[] y = new double[samples * out.size()];
      pairs((xi, yi) -> y[yi] += x[xi] / (height * width));
      return y;
    }

    @Override
    public double[] backward(double[] gy) {
      double[] gx = new double[samples * in.size()];
      pairs((xi, yi) -> gx[xi] += gy[yi] / (height * width));
      return gx;
    }

    private interface Pair {
      void visit(int inputIndex, int outputIndex);
    }

    /** Visits every input that is used with the output that it is averaged into. */
    private void pairs(Pair pair) {
      for (int n = 0; n < samples; n++) {
        for (int c = 0; c < in.channels(); c++) {
          for (int xy = 0; xy < out.height() * height; xy++) {
            for (int xx = 0; xx < out.width() * width; xx++) {
              pair.visit(index(in, n, c, xy, xx), index(out, n, c, xy / height, xx / width));
            }
          }
        }
      }
    }
  }

  private static final class Flatten implements Layer {

    @Override
    public double[] forward(double[] x) {
      return x;
    }

    @Override
    public double[] backward(double[] gy) {
      return gy;
    }
  }

  private static int index(Shape shape, int sample, int channel, int y, int x) {
    return ((sample * shape.channels() + channel) * shape.height() + y) * shape.width() + x;
  }

  private static int channel(Shape shape, int index) {
    return index / shape.positions() % shape.channels();
  }

  private static boolean contains(Shape shape, int y, int x) {
    return y >= 0 && y < shape.height() && x >= 0 && x < shape.width();
  }
}
