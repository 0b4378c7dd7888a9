package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterTensor;
import java.util.Arrays;

/**
 * Networks in plain loops and double precision: slow, and written to be read beside the definitions. What the fast kernels are
 * tested against; itself tested against finite differences.
 */
public final class ReferenceNetwork {

  private final LayerStack stack;

  public ReferenceNetwork(LayerStack stack) {
    this.stack = stack;
  }

  /** Logits {@code [samples, outputs]} of images {@code [samples, ...]}. */
  public double[] logits(double[] parameters, double[] images, int samples) {
    return activations(parameters, images, samples)[stack.layers().size()];
  }

  /**
   * The gradient by all parameters, in layout order, given the gradient by the logits.
   *
   * @param logitGradient {@code [samples, outputs]}
   */
  public double[] gradient(
      double[] parameters, double[] images, double[] logitGradient, int samples) {
    double[][] activations = activations(parameters, images, samples);
    double[] gradient = new double[parameters.length];
    double[] current = logitGradient;
    int tensor = stack.layout().tensors().size();
    for (int i = stack.layers().size() - 1; i >= 0; i--) {
      Shape in = stack.input(i);
      Shape out = stack.output(i);
      double[] x = activations[i];
      double[] gx = new double[x.length];
      switch (stack.layers().get(i)) {
        case LayerSpec.Convolution spec -> {
          ParameterTensor bias = stack.layout().tensors().get(--tensor);
          ParameterTensor weight = stack.layout().tensors().get(--tensor);
          double[] gy = current;
          convolve(
              spec,
              in,
              out,
              samples,
              (xi, yi, wi) -> {
                gradient[weight.offset() + wi] += gy[yi] * x[xi];
                gx[xi] += gy[yi] * parameters[weight.offset() + wi];
              });
          for (int yi = 0; yi < gy.length; yi++) {
            gradient[bias.offset() + yi / out.positions() % out.channels()] += gy[yi];
          }
        }
        case LayerSpec.Linear spec -> {
          ParameterTensor bias = stack.layout().tensors().get(--tensor);
          ParameterTensor weight = stack.layout().tensors().get(--tensor);
          for (int n = 0; n < samples; n++) {
            for (int o = 0; o < out.size(); o++) {
              double gy = current[n * out.size() + o];
              gradient[bias.offset() + o] += gy;
              for (int k = 0; k < in.size(); k++) {
                int wi = weight.offset() + o * in.size() + k;
                gradient[wi] += gy * x[n * in.size() + k];
                gx[n * in.size() + k] += gy * parameters[wi];
              }
            }
          }
        }
        case LayerSpec.Relu spec -> {
          for (int k = 0; k < x.length; k++) {
            gx[k] = x[k] > 0 ? current[k] : 0;
          }
        }
        case LayerSpec.MaxPool spec -> {
          int[] chosen = pool(spec, in, out, x, samples);
          for (int k = 0; k < chosen.length; k++) {
            gx[chosen[k]] += current[k];
          }
        }
        case LayerSpec.Flatten spec -> System.arraycopy(current, 0, gx, 0, gx.length);
      }
      current = gx;
    }
    return gradient;
  }

  /** activations[i] is the input of layer i. */
  private double[][] activations(double[] parameters, double[] images, int samples) {
    double[][] activations = new double[stack.layers().size() + 1][];
    activations[0] = images;
    int tensor = 0;
    for (int i = 0; i < stack.layers().size(); i++) {
      Shape in = stack.input(i);
      Shape out = stack.output(i);
      double[] x = activations[i];
      double[] y = new double[samples * out.size()];
      switch (stack.layers().get(i)) {
        case LayerSpec.Convolution spec -> {
          ParameterTensor weight = stack.layout().tensors().get(tensor++);
          ParameterTensor bias = stack.layout().tensors().get(tensor++);
          for (int yi = 0; yi < y.length; yi++) {
            y[yi] = parameters[bias.offset() + yi / out.positions() % out.channels()];
          }
          convolve(
              spec,
              in,
              out,
              samples,
              (xi, yi, wi) -> y[yi] += x[xi] * parameters[weight.offset() + wi]);
        }
        case LayerSpec.Linear spec -> {
          ParameterTensor weight = stack.layout().tensors().get(tensor++);
          ParameterTensor bias = stack.layout().tensors().get(tensor++);
          for (int n = 0; n < samples; n++) {
            for (int o = 0; o < out.size(); o++) {
              double sum = parameters[bias.offset() + o];
              for (int k = 0; k < in.size(); k++) {
                sum += x[n * in.size() + k] * parameters[weight.offset() + o * in.size() + k];
              }
              y[n * out.size() + o] = sum;
            }
          }
        }
        case LayerSpec.Relu spec -> {
          for (int k = 0; k < x.length; k++) {
            y[k] = Math.max(x[k], 0);
          }
        }
        case LayerSpec.MaxPool spec -> {
          int[] chosen = pool(spec, in, out, x, samples);
          for (int k = 0; k < chosen.length; k++) {
            y[k] = x[chosen[k]];
          }
        }
        case LayerSpec.Flatten spec -> System.arraycopy(x, 0, y, 0, y.length);
      }
      activations[i + 1] = y;
    }
    return activations;
  }

  private interface Product {
    void visit(int inputIndex, int outputIndex, int weightIndex);
  }

  /** Visits every product of a convolution. */
  private static void convolve(
      LayerSpec.Convolution spec, Shape in, Shape out, int samples, Product product) {
    int kernel = spec.kernel();
    for (int n = 0; n < samples; n++) {
      for (int o = 0; o < out.channels(); o++) {
        for (int c = 0; c < in.channels(); c++) {
          for (int ky = 0; ky < kernel; ky++) {
            for (int kx = 0; kx < kernel; kx++) {
              int weight = ((o * in.channels() + c) * kernel + ky) * kernel + kx;
              for (int y = 0; y < out.height(); y++) {
                for (int x = 0; x < out.width(); x++) {
                  int iy = y + ky - spec.padding();
                  int ix = x + kx - spec.padding();
                  if (iy >= 0 && iy < in.height() && ix >= 0 && ix < in.width()) {
                    product.visit(index(in, n, c, iy, ix), index(out, n, o, y, x), weight);
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  /** For every output of a max-pooling the index of the input that it takes. */
  private static int[] pool(
      LayerSpec.MaxPool spec, Shape in, Shape out, double[] input, int samples) {
    int[] chosen = new int[samples * out.size()];
    Arrays.fill(chosen, -1);
    for (int n = 0; n < samples; n++) {
      for (int c = 0; c < in.channels(); c++) {
        for (int y = 0; y < out.height() * spec.size(); y++) {
          for (int x = 0; x < out.width() * spec.size(); x++) {
            int from = index(in, n, c, y, x);
            int to = index(out, n, c, y / spec.size(), x / spec.size());
            if (chosen[to] < 0 || input[from] > input[chosen[to]]) {
              chosen[to] = from;
            }
          }
        }
      }
    }
    return chosen;
  }

  private static int index(Shape shape, int sample, int channel, int y, int x) {
    return ((sample * shape.channels() + channel) * shape.height() + y) * shape.width() + x;
  }
}
