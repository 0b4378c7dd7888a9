package io.coppice.learning.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Floats outside the heap that begin at a cache line, which no Java array promises: of a vector as long as a line, every load from
 * elsewhere touches two. Freed when nobody refers to it any more.
 */
public final class AlignedFloats {

  private static final long CACHE_LINE = 64;

  private final MemorySegment memory;

  /** Zeros, with {@link Kernels#SLACK} behind them. */
  public AlignedFloats(int size) {
    this.memory = Arena.ofAuto().allocate((size + (long) Kernels.SLACK) * Float.BYTES, CACHE_LINE);
  }

  public float get(int index) {
    return memory.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  public void set(int index, float value) {
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
  }

  MemorySegment memory() {
    return memory;
  }
}
