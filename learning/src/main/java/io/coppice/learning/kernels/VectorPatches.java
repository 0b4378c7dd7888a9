package io.coppice.learning.kernels;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sums of patches on the Vector API. As in {@link VectorConvolution} a tile of sums stays in registers, here while the patches
 * that have a gradient go by.
 */
final class VectorPatches {

  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private VectorPatches() {}

  static void gradient(
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
    MemorySegment in = patches.memory();
    int vectors = Math.ceilDiv(rowLength, L);
    int to = from + count;
    for (int row = 0; row < rows; row++) {
      int p = row * rowPitch;
      int o = origin + row * Kernels.withSlack(rowLength);
      for (int v = 0; v < vectors; ) {
        int tile = tile(vectors - v);
        switch (tile) {
          case 8 -> eight(in, p + v * L, gradient, o + v * L, positions, values, from, to);
          case 6 -> six(in, p + v * L, gradient, o + v * L, positions, values, from, to);
          case 5 -> five(in, p + v * L, gradient, o + v * L, positions, values, from, to);
          case 4 -> four(in, p + v * L, gradient, o + v * L, positions, values, from, to);
          case 3 -> three(in, p + v * L, gradient, o + v * L, positions, values, from, to);
          case 2 -> two(in, p + v * L, gradient, o + v * L, positions, values, from, to);
          default -> one(in, p + v * L, gradient, o + v * L, positions, values, from, to);
        }
        v += tile;
      }
    }
  }

  /** Size of the next tile of {@code left} vectors, so that no tiny one remains. */
  private static int tile(int left) {
    return switch (left) {
      case 1, 2, 3, 4, 5, 6, 8 -> left;
      case 7 -> 4;
      case 9, 10 -> 5;
      case 11, 12 -> 6;
      default -> 8;
    };
  }

  private static FloatVector at(MemorySegment in, long index) {
    return FloatVector.fromMemorySegment(S, in, index * Float.BYTES, ORDER);
  }

  private static void one(
      MemorySegment in,
      int p,
      float[] out,
      int o,
      int[] positions,
      float[] values,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    for (int j = from; j < to; j++) {
      FloatVector g = FloatVector.broadcast(S, values[j]);
      long b = p + positions[j];
      a0 = g.fma(at(in, b), a0);
    }
    a0.intoArray(out, o);
  }

  private static void two(
      MemorySegment in,
      int p,
      float[] out,
      int o,
      int[] positions,
      float[] values,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + L);
    for (int j = from; j < to; j++) {
      FloatVector g = FloatVector.broadcast(S, values[j]);
      long b = p + positions[j];
      a0 = g.fma(at(in, b), a0);
      a1 = g.fma(at(in, b + L), a1);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + L);
  }

  private static void three(
      MemorySegment in,
      int p,
      float[] out,
      int o,
      int[] positions,
      float[] values,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + L);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * L);
    for (int j = from; j < to; j++) {
      FloatVector g = FloatVector.broadcast(S, values[j]);
      long b = p + positions[j];
      a0 = g.fma(at(in, b), a0);
      a1 = g.fma(at(in, b + L), a1);
      a2 = g.fma(at(in, b + 2 * L), a2);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + L);
    a2.intoArray(out, o + 2 * L);
  }

  private static void four(
      MemorySegment in,
      int p,
      float[] out,
      int o,
      int[] positions,
      float[] values,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + L);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * L);
    FloatVector a3 = FloatVector.fromArray(S, out, o + 3 * L);
    for (int j = from; j < to; j++) {
      FloatVector g = FloatVector.broadcast(S, values[j]);
      long b = p + positions[j];
      a0 = g.fma(at(in, b), a0);
      a1 = g.fma(at(in, b + L), a1);
      a2 = g.fma(at(in, b + 2 * L), a2);
      a3 = g.fma(at(in, b + 3 * L), a3);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + L);
    a2.intoArray(out, o + 2 * L);
    a3.intoArray(out, o + 3 * L);
  }

  private static void five(
      MemorySegment in,
      int p,
      float[] out,
      int o,
      int[] positions,
      float[] values,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + L);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * L);
    FloatVector a3 = FloatVector.fromArray(S, out, o + 3 * L);
    FloatVector a4 = FloatVector.fromArray(S, out, o + 4 * L);
    for (int j = from; j < to; j++) {
      FloatVector g = FloatVector.broadcast(S, values[j]);
      long b = p + positions[j];
      a0 = g.fma(at(in, b), a0);
      a1 = g.fma(at(in, b + L), a1);
      a2 = g.fma(at(in, b + 2 * L), a2);
      a3 = g.fma(at(in, b + 3 * L), a3);
      a4 = g.fma(at(in, b + 4 * L), a4);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + L);
    a2.intoArray(out, o + 2 * L);
    a3.intoArray(out, o + 3 * L);
    a4.intoArray(out, o + 4 * L);
  }

  private static void six(
      MemorySegment in,
      int p,
      float[] out,
      int o,
      int[] positions,
      float[] values,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + L);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * L);
    FloatVector a3 = FloatVector.fromArray(S, out, o + 3 * L);
    FloatVector a4 = FloatVector.fromArray(S, out, o + 4 * L);
    FloatVector a5 = FloatVector.fromArray(S, out, o + 5 * L);
    for (int j = from; j < to; j++) {
      FloatVector g = FloatVector.broadcast(S, values[j]);
      long b = p + positions[j];
      a0 = g.fma(at(in, b), a0);
      a1 = g.fma(at(in, b + L), a1);
      a2 = g.fma(at(in, b + 2 * L), a2);
      a3 = g.fma(at(in, b + 3 * L), a3);
      a4 = g.fma(at(in, b + 4 * L), a4);
      a5 = g.fma(at(in, b + 5 * L), a5);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + L);
    a2.intoArray(out, o + 2 * L);
    a3.intoArray(out, o + 3 * L);
    a4.intoArray(out, o + 4 * L);
    a5.intoArray(out, o + 5 * L);
  }

  private static void eight(
      MemorySegment in,
      int p,
      float[] out,
      int o,
      int[] positions,
      float[] values,
      int from,
      int to) {
    FloatVector a0 = FloatVector.fromArray(S, out, o);
    FloatVector a1 = FloatVector.fromArray(S, out, o + L);
    FloatVector a2 = FloatVector.fromArray(S, out, o + 2 * L);
    FloatVector a3 = FloatVector.fromArray(S, out, o + 3 * L);
    FloatVector a4 = FloatVector.fromArray(S, out, o + 4 * L);
    FloatVector a5 = FloatVector.fromArray(S, out, o + 5 * L);
    FloatVector a6 = FloatVector.fromArray(S, out, o + 6 * L);
    FloatVector a7 = FloatVector.fromArray(S, out, o + 7 * L);
    for (int j = from; j < to; j++) {
      FloatVector g = FloatVector.broadcast(S, values[j]);
      long b = p + positions[j];
      a0 = g.fma(at(in, b), a0);
      a1 = g.fma(at(in, b + L), a1);
      a2 = g.fma(at(in, b + 2 * L), a2);
      a3 = g.fma(at(in, b + 3 * L), a3);
      a4 = g.fma(at(in, b + 4 * L), a4);
      a5 = g.fma(at(in, b + 5 * L), a5);
      a6 = g.fma(at(in, b + 6 * L), a6);
      a7 = g.fma(at(in, b + 7 * L), a7);
    }
    a0.intoArray(out, o);
    a1.intoArray(out, o + L);
    a2.intoArray(out, o + 2 * L);
    a3.intoArray(out, o + 3 * L);
    a4.intoArray(out, o + 4 * L);
    a5.intoArray(out, o + 5 * L);
    a6.intoArray(out, o + 6 * L);
    a7.intoArray(out, o + 7 * L);
  }
}
