package io.coppice.learning.kernels;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Linear kernels on the Vector API. The samples of a batch are cut into columns of two vectors, of one vector and a quarter, of
 * one vector, or of four samples, and one pass over the weights is made for each: a batch of 20 is one pass both with 16 and
 * with 8 lanes.
 */
final class VectorLinear {

  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length();
  private static final long BYTES = S.vectorByteSize();

  /**
   * At most eight lanes, for what is read and written again: the samples of a column begin anywhere in a cache line, and the
   * longest vectors would mostly lie across two.
   */
  private static final VectorSpecies<Float> H =
      S.length() > 8 ? FloatVector.SPECIES_256 : FloatVector.SPECIES_PREFERRED;

  private static final int HL = H.length();

  /** Four lanes, which every processor has. */
  private static final VectorSpecies<Float> Q = FloatVector.SPECIES_128;

  private static final int Q_LANES = 4;

  /**
   * Two lanes, of which there is only one sum. The order in which the Vector API's reduction adds more lanes is not written down, and
   * in fact is one while a method is interpreted and another once it is compiled: the same training would not give the same bits.
   */
  private static final VectorSpecies<Float> PAIR = FloatVector.SPECIES_64;

  private VectorLinear() {}

  /** How a stretch of samples is computed. */
  private enum Width {
    TWO_VECTORS(2 * L),
    VECTOR_AND_QUAD(L + Q_LANES),
    VECTOR(L),
    QUAD(Q_LANES);

    private final int samples;

    Width(int samples) {
      this.samples = samples;
    }

    /** The widest that fits. */
    static Width of(int samples) {
      for (Width width : VALUES) {
        if (width.samples <= samples) {
          return width;
        }
      }
      throw new IllegalArgumentException("A batch is 1 or a multiple of 4, not " + samples + ".");
    }

    private static final Width[] VALUES = values();
  }

  static void multiply(SparseMatrix m, float[] bias, float[] x, float[] y, int batch) {
    for (int row = 0; row < m.rows(); row++) {
      Arrays.fill(y, row * batch, (row + 1) * batch, bias[row]);
    }
    if (batch == 1) {
      multiplySample(m, x, y);
      return;
    }
    for (int n = 0; n < batch; ) {
      Width width = Width.of(batch - n);
      switch (width) {
        case TWO_VECTORS -> multiplyTwo(m, x, y, batch, n);
        case VECTOR_AND_QUAD -> multiplyVectorAndQuad(m, x, y, batch, n);
        case VECTOR -> multiplyVector(m, x, y, batch, n);
        case QUAD -> multiplyQuad(m, x, y, batch, n);
      }
      n += width.samples;
    }
  }

  private static void multiplySample(SparseMatrix m, float[] x, float[] y) {
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      int k = starts[segment];
      int end = starts[segment + 1];
      float s0 = y[row];
      float s1 = 0;
      float s2 = 0;
      float s3 = 0;
      for (; k + 4 <= end; k += 4) {
        s0 = Math.fma(values[k], x[columns[k]], s0);
        s1 = Math.fma(values[k + 1], x[columns[k + 1]], s1);
        s2 = Math.fma(values[k + 2], x[columns[k + 2]], s2);
        s3 = Math.fma(values[k + 3], x[columns[k + 3]], s3);
      }
      for (; k < end; k++) {
        s0 = Math.fma(values[k], x[columns[k]], s0);
      }
      y[row] = (s0 + s1) + (s2 + s3);
    }
  }

  private static void multiplyTwo(SparseMatrix m, float[] x, float[] y, int batch, int n) {
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      int k = starts[segment];
      int end = starts[segment + 1];
      int o = row * batch + n;
      FloatVector a0 = FloatVector.fromArray(S, y, o);
      FloatVector b0 = FloatVector.fromArray(S, y, o + L);
      FloatVector a1 = FloatVector.zero(S);
      FloatVector b1 = a1;
      for (; k + 2 <= end; k += 2) {
        int p0 = columns[k] * batch + n;
        int p1 = columns[k + 1] * batch + n;
        FloatVector w0 = FloatVector.broadcast(S, values[k]);
        FloatVector w1 = FloatVector.broadcast(S, values[k + 1]);
        a0 = w0.fma(FloatVector.fromArray(S, x, p0), a0);
        b0 = w0.fma(FloatVector.fromArray(S, x, p0 + L), b0);
        a1 = w1.fma(FloatVector.fromArray(S, x, p1), a1);
        b1 = w1.fma(FloatVector.fromArray(S, x, p1 + L), b1);
      }
      if (k < end) {
        int p = columns[k] * batch + n;
        FloatVector w = FloatVector.broadcast(S, values[k]);
        a0 = w.fma(FloatVector.fromArray(S, x, p), a0);
        b0 = w.fma(FloatVector.fromArray(S, x, p + L), b0);
      }
      a0.add(a1).intoArray(y, o);
      b0.add(b1).intoArray(y, o + L);
    }
  }

  private static void multiplyVectorAndQuad(
      SparseMatrix m, float[] x, float[] y, int batch, int n) {
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      int k = starts[segment];
      int end = starts[segment + 1];
      int o = row * batch + n;
      FloatVector a0 = FloatVector.fromArray(S, y, o);
      FloatVector a1 = FloatVector.zero(S);
      FloatVector a2 = a1;
      FloatVector a3 = a1;
      FloatVector q0 = FloatVector.fromArray(Q, y, o + L);
      FloatVector q1 = FloatVector.zero(Q);
      FloatVector q2 = q1;
      FloatVector q3 = q1;
      // Four chains of additions, so that none waits for its predecessor.
      for (; k + 4 <= end; k += 4) {
        int p0 = columns[k] * batch + n;
        int p1 = columns[k + 1] * batch + n;
        int p2 = columns[k + 2] * batch + n;
        int p3 = columns[k + 3] * batch + n;
        float w0 = values[k];
        float w1 = values[k + 1];
        float w2 = values[k + 2];
        float w3 = values[k + 3];
        a0 = FloatVector.broadcast(S, w0).fma(FloatVector.fromArray(S, x, p0), a0);
        a1 = FloatVector.broadcast(S, w1).fma(FloatVector.fromArray(S, x, p1), a1);
        a2 = FloatVector.broadcast(S, w2).fma(FloatVector.fromArray(S, x, p2), a2);
        a3 = FloatVector.broadcast(S, w3).fma(FloatVector.fromArray(S, x, p3), a3);
        q0 = FloatVector.broadcast(Q, w0).fma(FloatVector.fromArray(Q, x, p0 + L), q0);
        q1 = FloatVector.broadcast(Q, w1).fma(FloatVector.fromArray(Q, x, p1 + L), q1);
        q2 = FloatVector.broadcast(Q, w2).fma(FloatVector.fromArray(Q, x, p2 + L), q2);
        q3 = FloatVector.broadcast(Q, w3).fma(FloatVector.fromArray(Q, x, p3 + L), q3);
      }
      for (; k < end; k++) {
        int p = columns[k] * batch + n;
        float w = values[k];
        a0 = FloatVector.broadcast(S, w).fma(FloatVector.fromArray(S, x, p), a0);
        q0 = FloatVector.broadcast(Q, w).fma(FloatVector.fromArray(Q, x, p + L), q0);
      }
      a0.add(a1).add(a2.add(a3)).intoArray(y, o);
      q0.add(q1).add(q2.add(q3)).intoArray(y, o + L);
    }
  }

  private static void multiplyVector(SparseMatrix m, float[] x, float[] y, int batch, int n) {
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      int k = starts[segment];
      int end = starts[segment + 1];
      FloatVector a0 = FloatVector.fromArray(S, y, row * batch + n);
      FloatVector a1 = FloatVector.zero(S);
      for (; k + 2 <= end; k += 2) {
        int p0 = columns[k] * batch + n;
        int p1 = columns[k + 1] * batch + n;
        a0 = FloatVector.broadcast(S, values[k]).fma(FloatVector.fromArray(S, x, p0), a0);
        a1 = FloatVector.broadcast(S, values[k + 1]).fma(FloatVector.fromArray(S, x, p1), a1);
      }
      if (k < end) {
        int p = columns[k] * batch + n;
        a0 = FloatVector.broadcast(S, values[k]).fma(FloatVector.fromArray(S, x, p), a0);
      }
      a0.add(a1).intoArray(y, row * batch + n);
    }
  }

  private static void multiplyQuad(SparseMatrix m, float[] x, float[] y, int batch, int n) {
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      int k = starts[segment];
      int end = starts[segment + 1];
      FloatVector a0 = FloatVector.fromArray(Q, y, row * batch + n);
      FloatVector a1 = FloatVector.zero(Q);
      for (; k + 2 <= end; k += 2) {
        int p0 = columns[k] * batch + n;
        int p1 = columns[k + 1] * batch + n;
        a0 = FloatVector.broadcast(Q, values[k]).fma(FloatVector.fromArray(Q, x, p0), a0);
        a1 = FloatVector.broadcast(Q, values[k + 1]).fma(FloatVector.fromArray(Q, x, p1), a1);
      }
      if (k < end) {
        int p = columns[k] * batch + n;
        a0 = FloatVector.broadcast(Q, values[k]).fma(FloatVector.fromArray(Q, x, p), a0);
      }
      a0.add(a1).intoArray(y, row * batch + n);
    }
  }

  /**
   * In a single stretch of samples everything is done in one pass; of several stretches each would need the weights as they
   * were, so the weights move in a pass of their own.
   */
  static void backward(
      SparseMatrix m, float[] x, float[] yGradient, float[] xGradient, int batch, float rate) {
    if (batch == HL + Q_LANES) {
      backwardVectorAndQuad(m, x, yGradient, xGradient, rate);
    } else if (batch == 2 * HL + Q_LANES) {
      backwardTwoAndQuad(m, x, yGradient, xGradient, rate);
    } else {
      multiplyTransposed(m, yGradient, xGradient, batch);
      step(m, x, yGradient, batch, rate);
    }
  }

  private static void backwardVectorAndQuad(
      SparseMatrix m, float[] x, float[] yGradient, float[] xGradient, float rate) {
    int batch = HL + Q_LANES;
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      int end = starts[segment + 1];
      FloatVector g = FloatVector.fromArray(H, yGradient, row * batch);
      FloatVector h = FloatVector.fromArray(Q, yGradient, row * batch + HL);
      for (int k = starts[segment]; k < end; k++) {
        int p = columns[k] * batch;
        float w = values[k];
        FloatVector t = g.mul(FloatVector.fromArray(H, x, p));
        FloatVector u = h.fma(FloatVector.fromArray(Q, x, p + HL), fold(t));
        FloatVector.broadcast(H, w)
            .fma(g, FloatVector.fromArray(H, xGradient, p))
            .intoArray(xGradient, p);
        FloatVector.broadcast(Q, w)
            .fma(h, FloatVector.fromArray(Q, xGradient, p + HL))
            .intoArray(xGradient, p + HL);
        FloatVector pair =
            ((FloatVector) u.reinterpretShape(PAIR, 0))
                .add((FloatVector) u.reinterpretShape(PAIR, 1));
        values[k] = w - rate * pair.reduceLanes(VectorOperators.ADD);
      }
    }
  }

  private static void backwardTwoAndQuad(
      SparseMatrix m, float[] x, float[] yGradient, float[] xGradient, float rate) {
    int batch = 2 * HL + Q_LANES;
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      int end = starts[segment + 1];
      FloatVector g0 = FloatVector.fromArray(H, yGradient, row * batch);
      FloatVector g1 = FloatVector.fromArray(H, yGradient, row * batch + HL);
      FloatVector h = FloatVector.fromArray(Q, yGradient, row * batch + 2 * HL);
      for (int k = starts[segment]; k < end; k++) {
        int p = columns[k] * batch;
        float w = values[k];
        FloatVector v = FloatVector.broadcast(H, w);
        FloatVector t = g0.mul(FloatVector.fromArray(H, x, p));
        t = g1.fma(FloatVector.fromArray(H, x, p + HL), t);
        FloatVector u = h.fma(FloatVector.fromArray(Q, x, p + 2 * HL), fold(t));
        v.fma(g0, FloatVector.fromArray(H, xGradient, p)).intoArray(xGradient, p);
        v.fma(g1, FloatVector.fromArray(H, xGradient, p + HL)).intoArray(xGradient, p + HL);
        FloatVector.broadcast(Q, w)
            .fma(h, FloatVector.fromArray(Q, xGradient, p + 2 * HL))
            .intoArray(xGradient, p + 2 * HL);
        FloatVector pair =
            ((FloatVector) u.reinterpretShape(PAIR, 0))
                .add((FloatVector) u.reinterpretShape(PAIR, 1));
        values[k] = w - rate * pair.reduceLanes(VectorOperators.ADD);
      }
    }
  }

  /** A vector's lanes added up to four, which is cheaper than to one. */
  private static FloatVector fold(FloatVector v) {
    FloatVector sum = (FloatVector) v.reinterpretShape(Q, 0);
    if (v.length() >= 8) {
      sum = sum.add((FloatVector) v.reinterpretShape(Q, 1));
    }
    if (v.length() >= 16) {
      FloatVector upper = (FloatVector) v.reinterpretShape(Q, 2);
      sum = sum.add(upper.add((FloatVector) v.reinterpretShape(Q, 3)));
    }
    return sum;
  }

  static void multiplyTransposed(SparseMatrix m, float[] yGradient, float[] xGradient, int batch) {
    if (batch == 1) {
      transposeSample(m, yGradient, xGradient);
      return;
    }
    for (int n = 0; n < batch; ) {
      if (batch - n >= HL) {
        transposeVector(m, yGradient, xGradient, batch, n);
        n += HL;
      } else {
        transposeQuad(m, yGradient, xGradient, batch, n);
        n += Q_LANES;
      }
    }
  }

  private static void transposeSample(SparseMatrix m, float[] yGradient, float[] xGradient) {
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      int end = starts[segment + 1];
      for (int k = starts[segment]; k < end; k++) {
        xGradient[columns[k]] += yGradient[row] * values[k];
      }
    }
  }

  private static void transposeVector(
      SparseMatrix m, float[] yGradient, float[] xGradient, int batch, int n) {
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      FloatVector g = FloatVector.fromArray(H, yGradient, row * batch + n);
      int end = starts[segment + 1];
      for (int k = starts[segment]; k < end; k++) {
        int p = columns[k] * batch + n;
        FloatVector.broadcast(H, values[k])
            .fma(g, FloatVector.fromArray(H, xGradient, p))
            .intoArray(xGradient, p);
      }
    }
  }

  private static void transposeQuad(
      SparseMatrix m, float[] yGradient, float[] xGradient, int batch, int n) {
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      FloatVector g = FloatVector.fromArray(Q, yGradient, row * batch + n);
      int end = starts[segment + 1];
      for (int k = starts[segment]; k < end; k++) {
        int p = columns[k] * batch + n;
        FloatVector.broadcast(Q, values[k])
            .fma(g, FloatVector.fromArray(Q, xGradient, p))
            .intoArray(xGradient, p);
      }
    }
  }

  /** The row of the next segment: rows within blocks. */
  private static int next(int row, SparseMatrix m) {
    return row + 1 == m.rows() ? 0 : row + 1;
  }

  static void gradient(SparseMatrix m, float[] x, float[] yGradient, int batch, float[] gradient) {
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      int end = starts[segment + 1];
      for (int k = starts[segment]; k < end; k++) {
        gradient[k] = dot(x, columns[k] * batch, yGradient, row * batch, batch);
      }
    }
  }

  private static void step(SparseMatrix m, float[] x, float[] yGradient, int batch, float rate) {
    int[] starts = m.starts();
    int segments = m.blocks() * m.rows();
    char[] columns = m.columns();
    float[] values = m.values();
    for (int segment = 0, row = 0; segment < segments; segment++, row = next(row, m)) {
      int end = starts[segment + 1];
      for (int k = starts[segment]; k < end; k++) {
        values[k] -= rate * dot(x, columns[k] * batch, yGradient, row * batch, batch);
      }
    }
  }

  private static float dot(float[] x, int p, float[] g, int q, int batch) {
    if (batch == 1) {
      return x[p] * g[q];
    }
    // The sums begin with a product: one that begins with zero is not kept in a register.
    FloatVector four;
    int n;
    if (batch >= HL) {
      FloatVector lanes = FloatVector.fromArray(H, g, q).mul(FloatVector.fromArray(H, x, p));
      for (n = HL; n + HL <= batch; n += HL) {
        lanes = FloatVector.fromArray(H, g, q + n).fma(FloatVector.fromArray(H, x, p + n), lanes);
      }
      four = fold(lanes);
    } else {
      four = FloatVector.fromArray(Q, g, q).mul(FloatVector.fromArray(Q, x, p));
      n = Q_LANES;
    }
    for (; n < batch; n += Q_LANES) {
      four = FloatVector.fromArray(Q, g, q + n).fma(FloatVector.fromArray(Q, x, p + n), four);
    }
    FloatVector pair =
        ((FloatVector) four.reinterpretShape(PAIR, 0))
            .add((FloatVector) four.reinterpretShape(PAIR, 1));
    return pair.reduceLanes(VectorOperators.ADD);
  }

  static void addGradients(
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
    float[] sums = length == width ? target : new float[width];
    int base = length == width ? origin : 0;
    MemorySegment memory = inputs.memory();
    for (int c = 0; c < width; c += 4 * L) {
      fourSums(samples, values, from, to, memory, width, c, squared, factor, sums, base + c);
    }
    if (length < width) {
      for (int i = 0; i < length; i++) {
        target[origin + i] += sums[i];
      }
    }
  }

  /** Four vectors of columns; {@code width} is a multiple of that for vectors of up to 16 lanes. */
  private static void fourSums(
      char[] samples,
      float[] values,
      int from,
      int to,
      MemorySegment inputs,
      int width,
      int c,
      boolean squared,
      float factor,
      float[] target,
      int o) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    for (int j = from; j < to; j++) {
      FloatVector g = FloatVector.broadcast(S, values[j]);
      long p = (samples[j] * width + c) * (long) Float.BYTES;
      a0 = g.fma(at(inputs, p), a0);
      a1 = g.fma(at(inputs, p + BYTES), a1);
      a2 = g.fma(at(inputs, p + 2 * BYTES), a2);
      a3 = g.fma(at(inputs, p + 3 * BYTES), a3);
    }
    FloatVector f = FloatVector.broadcast(S, factor);
    // Each way ends in memory: a vector that either of them may have made would be an object.
    if (squared) {
      addSquare(a0, f, target, o);
      addSquare(a1, f, target, o + L);
      addSquare(a2, f, target, o + 2 * L);
      addSquare(a3, f, target, o + 3 * L);
    } else {
      addProduct(a0, f, target, o);
      addProduct(a1, f, target, o + L);
      addProduct(a2, f, target, o + 2 * L);
      addProduct(a3, f, target, o + 3 * L);
    }
  }

  private static void addSquare(FloatVector sum, FloatVector factor, float[] target, int o) {
    addProduct(sum.mul(sum), factor, target, o);
  }

  private static void addProduct(FloatVector value, FloatVector factor, float[] target, int o) {
    value.fma(factor, FloatVector.fromArray(S, target, o)).intoArray(target, o);
  }

  private static FloatVector at(MemorySegment inputs, long offset) {
    return FloatVector.fromMemorySegment(S, inputs, offset, ByteOrder.nativeOrder());
  }
}
