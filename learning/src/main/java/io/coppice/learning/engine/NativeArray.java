package io.coppice.learning.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A float array outside the heap, as ND4J's array and as memory that is copied from and to Java arrays without a detour.
 * {@link #close} frees it.
 */
final class NativeArray implements AutoCloseable {

  private final INDArray array;
  private final MemorySegment memory;

  @SuppressWarnings("restricted") // the length is that of the allocation
  private NativeArray(INDArray array) {
    this.array = array;
    this.memory =
        MemorySegment.ofAddress(array.data().address())
            .reinterpret(array.length() * (long) Float.BYTES);
  }

  /** A new array of zeros, row-major. */
  static NativeArray zeros(long... shape) {
    Nd4jRuntime.start();
    return new NativeArray(Nd4j.create(DataType.FLOAT, shape, 'c'));
  }

  INDArray array() {
    return array;
  }

  int size() {
    return Math.toIntExact(array.length());
  }

  /** Copies {@code count} values from index {@code from} of {@code source} to index {@code to}. */
  void write(float[] source, int from, int to, int count) {
    MemorySegment.copy(
        source, from, memory, ValueLayout.JAVA_FLOAT, (long) to * Float.BYTES, count);
  }

  /** Copies {@code count} values from index {@code from} on to index {@code to} of {@code target}. */
  void read(int from, float[] target, int to, int count) {
    MemorySegment.copy(
        memory, ValueLayout.JAVA_FLOAT, (long) from * Float.BYTES, target, to, count);
  }

  @Override
  public void close() {
    array.close();
  }
}
