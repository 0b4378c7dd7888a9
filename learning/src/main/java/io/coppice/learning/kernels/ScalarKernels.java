package io.coppice.learning.kernels;

import java.util.Arrays;

/** Kernels in plain loops. They say what {@link VectorKernels} compute, and the tests hold those against them. */
final class ScalarKernels implements Kernels {

  @Override
  public String description() {
    return "plain loops, without the Vector API";
  }

  @Override
  public int vectorBits() {
    return 0;
  }

  @Override
  public void correlate(
      Taps taps, float[] bias, float[] in, int inOrigin, float[] out, int outOrigin, Sweep sweep) {
    for (int map = 0; map < taps.maps(); map++) {
      for (int y = 0; y < sweep.rows(); y++) {
        int o = outOrigin + map * sweep.outPlane() + y * sweep.outPitch();
        Arrays.fill(out, o, o + sweep.runLength(), bias == null ? 0 : bias[map]);
        for (int k = taps.start(map); k < taps.end(map); k++) {
          int p = inOrigin + taps.offsets()[k] + y * sweep.inPitch();
          float weight = taps.values()[k];
          for (int i = 0; i < sweep.runLength(); i++) {
            out[o + i] += weight * in[p + i];
          }
        }
      }
    }
  }

  @Override
  public void correlateGradient(
      Taps taps,
      float[] in,
      int inOrigin,
      float[] outGradient,
      int outOrigin,
      Sweep sweep,
      float[] gradient) {
    for (int map = 0; map < taps.maps(); map++) {
      for (int k = taps.start(map); k < taps.end(map); k++) {
        float sum = 0;
        for (int y = 0; y < sweep.rows(); y++) {
          int p = inOrigin + taps.offsets()[k] + y * sweep.inPitch();
          int g = outOrigin + map * sweep.outPlane() + y * sweep.outPitch();
          sum += dot(in, p, outGradient, g, sweep.runLength());
        }
        gradient[k] = sum;
      }
    }
  }

  @Override
  public void patchGradient(
      int[] positions,
      float[] values,
      int from,
      int count,
      AlignedFloats patches,
      int rowPitch,
      int rows,
      int rowLength,
      float[] gradient,
      int origin) {
    int pitch = Kernels.withSlack(rowLength);
    for (int row = 0; row < rows; row++) {
      for (int j = from; j < from + count; j++) {
        int p = positions[j] + row * rowPitch;
        for (int i = 0; i < rowLength; i++) {
          gradient[origin + row * pitch + i] += values[j] * patches.get(p + i);
        }
      }
    }
  }

  @Override
  public void multiply(SparseMatrix matrix, float[] bias, float[] x, float[] y, int batch) {
    for (int row = 0; row < matrix.rows(); row++) {
      Arrays.fill(y, row * batch, (row + 1) * batch, bias[row]);
    }
    forEachWeight(
        matrix,
        (row, k) -> {
          int p = matrix.columns()[k] * batch;
          for (int n = 0; n < batch; n++) {
            y[row * batch + n] += matrix.values()[k] * x[p + n];
          }
        });
  }

  @Override
  public void backward(
      SparseMatrix matrix,
      float[] x,
      float[] yGradient,
      float[] xGradient,
      int batch,
      float learningRate) {
    multiplyTransposed(matrix, yGradient, xGradient, batch);
    forEachWeight(
        matrix,
        (row, k) ->
            matrix.values()[k] -=
                learningRate * dot(x, matrix.columns()[k] * batch, yGradient, row * batch, batch));
  }

  @Override
  public void multiplyGradient(
      SparseMatrix matrix, float[] x, float[] yGradient, int batch, float[] gradient) {
    forEachWeight(
        matrix,
        (row, k) ->
            gradient[k] = dot(x, matrix.columns()[k] * batch, yGradient, row * batch, batch));
  }

  @Override
  public void multiplyTransposed(
      SparseMatrix matrix, float[] yGradient, float[] xGradient, int batch) {
    forEachWeight(
        matrix,
        (row, k) -> {
          int p = matrix.columns()[k] * batch;
          for (int n = 0; n < batch; n++) {
            xGradient[p + n] += matrix.values()[k] * yGradient[row * batch + n];
          }
        });
  }

  /** What is done with a weight. */
  private interface WeightVisitor {
    void visit(int row, int k);
  }

  private static void forEachWeight(SparseMatrix matrix, WeightVisitor visitor) {
    for (int segment = 0; segment < matrix.blocks() * matrix.rows(); segment++) {
      for (int k = matrix.starts()[segment]; k < matrix.starts()[segment + 1]; k++) {
        visitor.visit(segment % matrix.rows(), k);
      }
    }
  }

  private static float dot(float[] a, int p, float[] b, int q, int length) {
    float sum = 0;
    for (int i = 0; i < length; i++) {
      sum += a[p + i] * b[q + i];
    }
    return sum;
  }

  @Override
  public void addGradients(
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
      int length) {
    for (int i = 0; i < length; i++) {
      float sum = 0;
      for (int j = from; j < to; j++) {
        sum += values[j] * inputs.get(samples[j] * width + i);
      }
      target[origin + i] += factor * (squared ? sum * sum : sum);
    }
  }

  @Override
  public float sum(float[] values, int from, int length) {
    float sum = 0;
    for (int i = from; i < from + length; i++) {
      sum += values[i];
    }
    return sum;
  }

  @Override
  public void relu(float[] in, int p, float[] out, int o, int length) {
    for (int i = 0; i < length; i++) {
      out[o + i] = Math.max(in[p + i], 0);
    }
  }

  @Override
  public void reluGradient(
      float[] out, int o, float[] outGradient, int p, float[] inGradient, int g, int length) {
    for (int i = 0; i < length; i++) {
      inGradient[g + i] = out[o + i] > 0 ? outGradient[p + i] : 0;
    }
  }

  @Override
  public void maxPool2(
      float[] in,
      int upper,
      int lower,
      float[] out,
      int o,
      int pixels,
      int batch,
      boolean rectified) {
    float floor = rectified ? 0 : Float.NEGATIVE_INFINITY;
    for (int x = 0; x < pixels; x++) {
      for (int n = 0; n < batch; n++) {
        int u = upper + 2 * x * batch + n;
        int l = lower + 2 * x * batch + n;
        float max = Math.max(Math.max(in[u], in[u + batch]), Math.max(in[l], in[l + batch]));
        out[o + x * batch + n] = Math.max(max, floor);
      }
    }
  }

  @Override
  public void maxPool2Gradient(
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
      boolean rectified) {
    float floor = rectified ? 0 : Float.NEGATIVE_INFINITY;
    for (int x = 0; x < pixels; x++) {
      for (int n = 0; n < batch; n++) {
        int pixel = x * batch + n;
        int corner = 2 * x * batch + n;
        routeMaximum(
            in,
            upper + corner,
            lower + corner,
            batch,
            out[o + pixel],
            out[o + pixel] > floor ? outGradient[p + pixel] : 0,
            inGradient,
            gradientUpper + corner,
            gradientLower + corner);
      }
    }
  }

  /** Gives the gradient of a maximum to the first of its four pixels that has it, and zero to the others. */
  static void routeMaximum(
      float[] in,
      int upper,
      int lower,
      int step,
      float max,
      float gradient,
      float[] inGradient,
      int gradientUpper,
      int gradientLower) {
    boolean first = in[upper] == max;
    boolean second = !first && in[upper + step] == max;
    boolean third = !first && !second && in[lower] == max;
    boolean fourth = !first && !second && !third;
    inGradient[gradientUpper] = first ? gradient : 0;
    inGradient[gradientUpper + step] = second ? gradient : 0;
    inGradient[gradientLower] = third ? gradient : 0;
    inGradient[gradientLower + step] = fourth ? gradient : 0;
  }
}
