package io.coppice.learning.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Activation and pooling kernels on the Vector API. */
final class VectorActivations {

  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length();
  private static final VectorSpecies<Float> Q = FloatVector.SPECIES_128;
  private static final int Q_LANES = 4;

  private VectorActivations() {}

  /** Four sums side by side, in an order that is written down: the Vector API's own reduction of lanes leaves it open. */
  static float sum(float[] values, int from, int length) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int i = from;
    for (; i + 4 <= from + length; i += 4) {
      s0 += values[i];
      s1 += values[i + 1];
      s2 += values[i + 2];
      s3 += values[i + 3];
    }
    for (; i < from + length; i++) {
      s0 += values[i];
    }
    return (s0 + s2) + (s1 + s3);
  }

  static void relu(float[] in, int p, float[] out, int o, int length) {
    int i = 0;
    for (; i + L <= length; i += L) {
      FloatVector.fromArray(S, in, p + i).max(0).intoArray(out, o + i);
    }
    for (; i < length; i++) {
      out[o + i] = Math.max(in[p + i], 0);
    }
  }

  static void reluGradient(
      float[] out, int o, float[] outGradient, int p, float[] inGradient, int g, int length) {
    int i = 0;
    for (; i + L <= length; i += L) {
      VectorMask<Float> active =
          FloatVector.fromArray(S, out, o + i).compare(VectorOperators.GT, 0);
      FloatVector.zero(S)
          .blend(FloatVector.fromArray(S, outGradient, p + i), active)
          .intoArray(inGradient, g + i);
    }
    for (; i < length; i++) {
      inGradient[g + i] = out[o + i] > 0 ? outGradient[p + i] : 0;
    }
  }

  static void maxPool2(
      float[] in,
      int upper,
      int lower,
      float[] out,
      int o,
      int pixels,
      int batch,
      boolean rectified) {
    float floor = rectified ? 0 : Float.NEGATIVE_INFINITY;
    if (batch == 1) {
      for (int x = 0; x < pixels; x++) {
        float top = larger(in[upper + 2 * x], in[upper + 2 * x + 1]);
        float bottom = larger(in[lower + 2 * x], in[lower + 2 * x + 1]);
        out[o + x] = larger(larger(top, bottom), floor);
      }
      return;
    }
    for (int x = 0; x < pixels; x++) {
      int u = upper + 2 * x * batch;
      int l = lower + 2 * x * batch;
      int q = o + x * batch;
      int n = 0;
      for (; n + L <= batch; n += L) {
        FloatVector top =
            FloatVector.fromArray(S, in, u + n).max(FloatVector.fromArray(S, in, u + batch + n));
        FloatVector bottom =
            FloatVector.fromArray(S, in, l + n).max(FloatVector.fromArray(S, in, l + batch + n));
        top.max(bottom).max(floor).intoArray(out, q + n);
      }
      for (; n + Q_LANES <= batch; n += Q_LANES) {
        FloatVector top =
            FloatVector.fromArray(Q, in, u + n).max(FloatVector.fromArray(Q, in, u + batch + n));
        FloatVector bottom =
            FloatVector.fromArray(Q, in, l + n).max(FloatVector.fromArray(Q, in, l + batch + n));
        top.max(bottom).max(floor).intoArray(out, q + n);
      }
    }
  }

  /** Math.max without its care for NaN and the sign of zero. */
  private static float larger(float a, float b) {
    return a > b ? a : b;
  }

  static void maxPool2Gradient(
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
      int u = upper + 2 * x * batch;
      int l = lower + 2 * x * batch;
      int gu = gradientUpper + 2 * x * batch;
      int gl = gradientLower + 2 * x * batch;
      int q = x * batch;
      int n = 0;
      for (; n + L <= batch; n += L) {
        FloatVector max = FloatVector.fromArray(S, out, o + q + n);
        FloatVector zero = FloatVector.zero(S);
        FloatVector g = FloatVector.fromArray(S, outGradient, p + q + n);
        g = zero.blend(g, max.compare(VectorOperators.GT, floor));
        VectorMask<Float> first = FloatVector.fromArray(S, in, u + n).eq(max);
        zero.blend(g, first).intoArray(inGradient, gu + n);
        g = g.blend(zero, first);
        VectorMask<Float> second = FloatVector.fromArray(S, in, u + batch + n).eq(max);
        zero.blend(g, second).intoArray(inGradient, gu + batch + n);
        g = g.blend(zero, second);
        VectorMask<Float> third = FloatVector.fromArray(S, in, l + n).eq(max);
        zero.blend(g, third).intoArray(inGradient, gl + n);
        g.blend(zero, third).intoArray(inGradient, gl + batch + n);
      }
      for (; n + Q_LANES <= batch; n += Q_LANES) {
        FloatVector max = FloatVector.fromArray(Q, out, o + q + n);
        FloatVector zero = FloatVector.zero(Q);
        FloatVector g = FloatVector.fromArray(Q, outGradient, p + q + n);
        g = zero.blend(g, max.compare(VectorOperators.GT, floor));
        VectorMask<Float> first = FloatVector.fromArray(Q, in, u + n).eq(max);
        zero.blend(g, first).intoArray(inGradient, gu + n);
        g = g.blend(zero, first);
        VectorMask<Float> second = FloatVector.fromArray(Q, in, u + batch + n).eq(max);
        zero.blend(g, second).intoArray(inGradient, gu + batch + n);
        g = g.blend(zero, second);
        VectorMask<Float> third = FloatVector.fromArray(Q, in, l + n).eq(max);
        zero.blend(g, third).intoArray(inGradient, gl + n);
        g.blend(zero, third).intoArray(inGradient, gl + batch + n);
      }
      for (; n < batch; n++) {
        ScalarKernels.routeMaximum(
            in,
            u + n,
            l + n,
            batch,
            out[o + q + n],
            out[o + q + n] > floor ? outGradient[p + q + n] : 0,
            inGradient,
            gu + n,
            gl + n);
      }
    }
  }
}
