package io.coppice.learning.kernels;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Convolution kernels on the Vector API.
 *
 * <p>A tile is a handful of vectors of a run, whose sums stay in registers while the weights of a map go by: each weight is
 * broadcast once for the whole tile. The tiles are written out for one to nine vectors, since the compiler keeps an array of
 * vectors in memory; nine and a few temporaries fit the sixteen registers of AVX2.
 */
final class VectorConvolution {

  // Constant species and lengths: the compiler turns operations into instructions only for those.
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length();

  /** Vectors of the largest tile. */
  private static final int LARGEST = 9;

  /** Runs of fewer vectors do not fill a tile by themselves. */
  private static final int SHORT = 4;

  private VectorConvolution() {}

  static void correlate(
      Taps taps, float[] bias, float[] in, int inOrigin, float[] out, int outOrigin, Sweep rows) {
    Sweep sweep = rows.merged(SHORT * L);
    int vectors = Math.ceilDiv(sweep.runLength(), L);
    for (int map = 0; map < taps.maps(); map++) {
      float start = bias == null ? 0 : bias[map];
      for (int y = 0; y < sweep.rows(); y++) {
        int o = outOrigin + map * sweep.outPlane() + y * sweep.outPitch();
        Arrays.fill(out, o, o + vectors * L, start);
      }
    }
    if (vectors < SHORT) {
      // Of short runs a tile takes the same vector of several rows.
      for (int v = 0; v < vectors; v++) {
        for (int y = 0; y < sweep.rows(); ) {
          int tile = tile(sweep.rows() - y);
          accumulate(
              tile,
              taps,
              in,
              inOrigin + y * sweep.inPitch() + v * L,
              sweep.inPitch(),
              out,
              outOrigin + y * sweep.outPitch() + v * L,
              sweep.outPitch(),
              sweep.outPlane());
          y += tile;
        }
      }
      return;
    }
    for (int y = 0; y < sweep.rows(); y++) {
      for (int v = 0; v < vectors; ) {
        int tile = tile(vectors - v);
        accumulate(
            tile,
            taps,
            in,
            inOrigin + y * sweep.inPitch() + v * L,
            L,
            out,
            outOrigin + y * sweep.outPitch() + v * L,
            L,
            sweep.outPlane());
        v += tile;
      }
    }
  }

  /** Size of the next tile of {@code left} vectors, so that no tiny one remains. */
  private static int tile(int left) {
    return switch (left) {
      case 1, 2, 3, 4, 5, 6, 8, 9 -> left;
      case 7 -> 4;
      case 10 -> 5;
      case 11, 12 -> 6;
      case 13, 14, 16 -> 8;
      default -> LARGEST;
    };
  }

  /** One tile of all maps, a block of input channels after the other. */
  private static void accumulate(
      int tile,
      Taps taps,
      float[] in,
      int inBase,
      int inStep,
      float[] out,
      int outBase,
      int outStep,
      int outPlane) {
    int[] offsets = taps.offsets();
    float[] values = taps.values();
    for (int block = 0; block < taps.blocks(); block++) {
      for (int map = 0; map < taps.maps(); map++) {
        int from = taps.start(map, block);
        int to = taps.end(map, block);
        if (from < to) {
          int o = outBase + map * outPlane;
          switch (tile) {
            case 9 -> nine(in, inBase, inStep, out, o, outStep, offsets, values, from, to);
            case 8 -> eight(in, inBase, inStep, out, o, outStep, offsets, values, from, to);
            case 6 -> six(in, inBase, inStep, out, o, outStep, offsets, values, from, to);
            case 5 -> five(in, inBase, inStep, out, o, outStep, offsets, values, from, to);
            case 4 -> four(in, inBase, inStep, out, o, outStep, offsets, values, from, to);
            case 3 -> three(in, inBase, inStep, out, o, outStep, offsets, values, from, to);
            case 2 -> two(in, inBase, inStep, out, o, outStep, offsets, values, from, to);
            default -> one(in, inBase, out, o, offsets, values, from, to);
          }
        }
      }
    }
  }

  private static void one(
      float[] in, int p, float[] out, int o, int[] offsets, float[] weights, int from, int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    for (int k = from; k < to; k++) {
      FloatVector w = FloatVector.broadcast(S, weights[k]);
      int b = p + offsets[k];
      a0 = w.fma(FloatVector.fromArray(S, in, b), a0);
    }
    a0.intoArray(out, o);
  }

  private static void two(
      float[] in,
      int p,
      int pStep,
      float[] out,
      int o,
      int oStep,
      int[] offsets,
      float[] weights,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + oStep);
    for (int k = from; k < to; k++) {
      FloatVector w = FloatVector.broadcast(S, weights[k]);
      int b = p + offsets[k];
      a0 = w.fma(FloatVector.fromArray(S, in, b), a0);
      a1 = w.fma(FloatVector.fromArray(S, in, b + pStep), a1);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + oStep);
  }

  private static void three(
      float[] in,
      int p,
      int pStep,
      float[] out,
      int o,
      int oStep,
      int[] offsets,
      float[] weights,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + oStep);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * oStep);
    for (int k = from; k < to; k++) {
      FloatVector w = FloatVector.broadcast(S, weights[k]);
      int b = p + offsets[k];
      a0 = w.fma(FloatVector.fromArray(S, in, b), a0);
      a1 = w.fma(FloatVector.fromArray(S, in, b + pStep), a1);
      a2 = w.fma(FloatVector.fromArray(S, in, b + 2 * pStep), a2);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + oStep);
    a2.intoArray(out, o + 2 * oStep);
  }

  private static void four(
      float[] in,
      int p,
      int pStep,
      float[] out,
      int o,
      int oStep,
      int[] offsets,
      float[] weights,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + oStep);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * oStep);
    FloatVector a3 = FloatVector.fromArray(S, out, o + 3 * oStep);
    for (int k = from; k < to; k++) {
      FloatVector w = FloatVector.broadcast(S, weights[k]);
      int b = p + offsets[k];
      a0 = w.fma(FloatVector.fromArray(S, in, b), a0);
      a1 = w.fma(FloatVector.fromArray(S, in, b + pStep), a1);
      a2 = w.fma(FloatVector.fromArray(S, in, b + 2 * pStep), a2);
      a3 = w.fma(FloatVector.fromArray(S, in, b + 3 * pStep), a3);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + oStep);
    a2.intoArray(out, o + 2 * oStep);
    a3.intoArray(out, o + 3 * oStep);
  }

  private static void five(
      float[] in,
      int p,
      int pStep,
      float[] out,
      int o,
      int oStep,
      int[] offsets,
      float[] weights,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + oStep);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * oStep);
    FloatVector a3 = FloatVector.fromArray(S, out, o + 3 * oStep);
    FloatVector a4 = FloatVector.fromArray(S, out, o + 4 * oStep);
    for (int k = from; k < to; k++) {
      FloatVector w = FloatVector.broadcast(S, weights[k]);
      int b = p + offsets[k];
      a0 = w.fma(FloatVector.fromArray(S, in, b), a0);
      a1 = w.fma(FloatVector.fromArray(S, in, b + pStep), a1);
      a2 = w.fma(FloatVector.fromArray(S, in, b + 2 * pStep), a2);
      a3 = w.fma(FloatVector.fromArray(S, in, b + 3 * pStep), a3);
      a4 = w.fma(FloatVector.fromArray(S, in, b + 4 * pStep), a4);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + oStep);
    a2.intoArray(out, o + 2 * oStep);
    a3.intoArray(out, o + 3 * oStep);
    a4.intoArray(out, o + 4 * oStep);
  }

  private static void six(
      float[] in,
      int p,
      int pStep,
      float[] out,
      int o,
      int oStep,
      int[] offsets,
      float[] weights,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + oStep);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * oStep);
    FloatVector a3 = FloatVector.fromArray(S, out, o + 3 * oStep);
    FloatVector a4 = FloatVector.fromArray(S, out, o + 4 * oStep);
    FloatVector a5 = FloatVector.fromArray(S, out, o + 5 * oStep);
    for (int k = from; k < to; k++) {
      FloatVector w = FloatVector.broadcast(S, weights[k]);
      int b = p + offsets[k];
      a0 = w.fma(FloatVector.fromArray(S, in, b), a0);
      a1 = w.fma(FloatVector.fromArray(S, in, b + pStep), a1);
      a2 = w.fma(FloatVector.fromArray(S, in, b + 2 * pStep), a2);
      a3 = w.fma(FloatVector.fromArray(S, in, b + 3 * pStep), a3);
      a4 = w.fma(FloatVector.fromArray(S, in, b + 4 * pStep), a4);
      a5 = w.fma(FloatVector.fromArray(S, in, b + 5 * pStep), a5);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + oStep);
    a2.intoArray(out, o + 2 * oStep);
    a3.intoArray(out, o + 3 * oStep);
    a4.intoArray(out, o + 4 * oStep);
    a5.intoArray(out, o + 5 * oStep);
  }

  private static void eight(
      float[] in,
      int p,
      int pStep,
      float[] out,
      int o,
      int oStep,
      int[] offsets,
      float[] weights,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + oStep);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * oStep);
    FloatVector a3 = FloatVector.fromArray(S, out, o + 3 * oStep);
    FloatVector a4 = FloatVector.fromArray(S, out, o + 4 * oStep);
    FloatVector a5 = FloatVector.fromArray(S, out, o + 5 * oStep);
    FloatVector a6 = FloatVector.fromArray(S, out, o + 6 * oStep);
    FloatVector a7 = FloatVector.fromArray(S, out, o + 7 * oStep);
    for (int k = from; k < to; k++) {
      FloatVector w = FloatVector.broadcast(S, weights[k]);
      int b = p + offsets[k];
      a0 = w.fma(FloatVector.fromArray(S, in, b), a0);
      a1 = w.fma(FloatVector.fromArray(S, in, b + pStep), a1);
      a2 = w.fma(FloatVector.fromArray(S, in, b + 2 * pStep), a2);
      a3 = w.fma(FloatVector.fromArray(S, in, b + 3 * pStep), a3);
      a4 = w.fma(FloatVector.fromArray(S, in, b + 4 * pStep), a4);
      a5 = w.fma(FloatVector.fromArray(S, in, b + 5 * pStep), a5);
      a6 = w.fma(FloatVector.fromArray(S, in, b + 6 * pStep), a6);
      a7 = w.fma(FloatVector.fromArray(S, in, b + 7 * pStep), a7);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + oStep);
    a2.intoArray(out, o + 2 * oStep);
    a3.intoArray(out, o + 3 * oStep);
    a4.intoArray(out, o + 4 * oStep);
    a5.intoArray(out, o + 5 * oStep);
    a6.intoArray(out, o + 6 * oStep);
    a7.intoArray(out, o + 7 * oStep);
  }

  private static void nine(
      float[] in,
      int p,
      int pStep,
      float[] out,
      int o,
      int oStep,
      int[] offsets,
      float[] weights,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + oStep);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * oStep);
    FloatVector a3 = FloatVector.fromArray(S, out, o + 3 * oStep);
    FloatVector a4 = FloatVector.fromArray(S, out, o + 4 * oStep);
    FloatVector a5 = FloatVector.fromArray(S, out, o + 5 * oStep);
    FloatVector a6 = FloatVector.fromArray(S, out, o + 6 * oStep);
    FloatVector a7 = FloatVector.fromArray(S, out, o + 7 * oStep);
    FloatVector a8 = FloatVector.fromArray(S, out, o + 8 * oStep);
    for (int k = from; k < to; k++) {
      FloatVector w = FloatVector.broadcast(S, weights[k]);
      int b = p + offsets[k];
      a0 = w.fma(FloatVector.fromArray(S, in, b), a0);
      a1 = w.fma(FloatVector.fromArray(S, in, b + pStep), a1);
      a2 = w.fma(FloatVector.fromArray(S, in, b + 2 * pStep), a2);
      a3 = w.fma(FloatVector.fromArray(S, in, b + 3 * pStep), a3);
      a4 = w.fma(FloatVector.fromArray(S, in, b + 4 * pStep), a4);
      a5 = w.fma(FloatVector.fromArray(S, in, b + 5 * pStep), a5);
      a6 = w.fma(FloatVector.fromArray(S, in, b + 6 * pStep), a6);
      a7 = w.fma(FloatVector.fromArray(S, in, b + 7 * pStep), a7);
      a8 = w.fma(FloatVector.fromArray(S, in, b + 8 * pStep), a8);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + oStep);
    a2.intoArray(out, o + 2 * oStep);
    a3.intoArray(out, o + 3 * oStep);
    a4.intoArray(out, o + 4 * oStep);
    a5.intoArray(out, o + 5 * oStep);
    a6.intoArray(out, o + 6 * oStep);
    a7.intoArray(out, o + 7 * oStep);
    a8.intoArray(out, o + 8 * oStep);
  }

  static void correlateGradient(
      Taps taps,
      float[] in,
      int inOrigin,
      float[] outGradient,
      int outOrigin,
      Sweep sweep,
      float[] gradient) {
    float[] room = new float[L];
    int[] offsets = taps.offsets();
    for (int map = 0; map < taps.maps(); map++) {
      int g = outOrigin + map * sweep.outPlane();
      int k = taps.start(map);
      int end = taps.end(map);
      for (; k + 4 <= end; k += 4) {
        fourGradients(
            in,
            inOrigin + offsets[k],
            inOrigin + offsets[k + 1],
            inOrigin + offsets[k + 2],
            inOrigin + offsets[k + 3],
            outGradient,
            g,
            sweep.rows(),
            sweep.runLength(),
            sweep.inPitch(),
            sweep.outPitch(),
            gradient,
            k,
            room);
      }
      for (; k < end; k++) {
        gradient[k] =
            oneGradient(
                in,
                inOrigin + offsets[k],
                outGradient,
                g,
                sweep.rows(),
                sweep.runLength(),
                sweep.inPitch(),
                sweep.outPitch(),
                room);
      }
    }
  }

  /** Four weights of a map, which share the loads of the map's gradient. */
  private static void fourGradients(
      float[] in,
      int p0,
      int p1,
      int p2,
      int p3,
      float[] outGradient,
      int g,
      int rows,
      int runLength,
      int inPitch,
      int outPitch,
      float[] gradient,
      int k,
      float[] room) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    for (int y = 0; y < rows; y++) {
      int q = y * inPitch;
      int r = g + y * outPitch;
      for (int i = 0; i < runLength; i += L) {
        FloatVector u = FloatVector.fromArray(S, outGradient, r + i);
        a0 = u.fma(FloatVector.fromArray(S, in, p0 + q + i), a0);
        a1 = u.fma(FloatVector.fromArray(S, in, p1 + q + i), a1);
        a2 = u.fma(FloatVector.fromArray(S, in, p2 + q + i), a2);
        a3 = u.fma(FloatVector.fromArray(S, in, p3 + q + i), a3);
      }
    }
    a0.intoArray(room, 0);
    gradient[k] = sum(room);
    a1.intoArray(room, 0);
    gradient[k + 1] = sum(room);
    a2.intoArray(room, 0);
    gradient[k + 2] = sum(room);
    a3.intoArray(room, 0);
    gradient[k + 3] = sum(room);
  }

  private static float oneGradient(
      float[] in,
      int p,
      float[] outGradient,
      int g,
      int rows,
      int runLength,
      int inPitch,
      int outPitch,
      float[] room) {
    FloatVector sum = FloatVector.zero(S);
    for (int y = 0; y < rows; y++) {
      int q = p + y * inPitch;
      int r = g + y * outPitch;
      for (int i = 0; i < runLength; i += L) {
        FloatVector u = FloatVector.fromArray(S, outGradient, r + i);
        sum = u.fma(FloatVector.fromArray(S, in, q + i), sum);
      }
    }
    sum.intoArray(room, 0);
    return sum(room);
  }

  /** The lanes of a vector that were stored, in an order that is written down: the Vector API's own reduction leaves it open. */
  private static float sum(float[] lanes) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    for (int i = 0; i < L; i += 4) {
      s0 += lanes[i];
      s1 += lanes[i + 1];
      s2 += lanes[i + 2];
      s3 += lanes[i + 3];
    }
    return (s0 + s2) + (s1 + s3);
  }
}
