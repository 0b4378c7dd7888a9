package io.coppice.learning.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A float array outside the heap, as ND4J's array and as memory that is copied from and to Java arrays without a detour.
 * {@link #close} frees it; views of it must not be used after that.
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
    return new NativeArray(Nd4j.create(DataType.FLOAT, shape, 'c'));
  }

  /** The memory of a row-major array that is freed elsewhere. */
  static NativeArray over(INDArray array) {
    return new NativeArray(array);
  }

  INDArray array() {
    return array;
  }

  /** A view of {@code [from, from + size)} of a flat array in another shape. */
  INDArray view(int from, int size, long... shape) {
    return array.get(NDArrayIndex.interval(from, (long) from + size)).reshape('c', shape);
  }

  /** Copies {@code count} values of {@code source}, from its start, to index {@code to}. */
  void write(float[] source, int to, int count) {
    MemorySegment.copy(source, 0, memory, ValueLayout.JAVA_FLOAT, (long) to * Float.BYTES, count);
  }

  /** Copies {@code count} values from index {@code from} on to the start of {@code target}. */
  void read(int from, float[] target, int count) {
    MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, (long) from * Float.BYTES, target, 0, count);
  }

  @Override
  public void close() {
    array.close();
  }
}
