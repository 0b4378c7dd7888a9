package io.coppice.learning.pruning;

import java.util.BitSet;

/**
 * Goes over millions of bits a word at a time. {@link BitSet#nextSetBit} looks for its word at every bit, which takes longer than
 * what a decision does with the bit.
 */
final class BitWalk {

  private final long[] words;
  private final long flip;
  private final int size;
  private final int[] indices = new int[Long.SIZE];
  private int start = -Long.SIZE;

  private BitWalk(BitSet bits, int size, long flip) {
    this.words = bits.toLongArray();
    this.size = size;
    this.flip = flip;
  }

  /** Over the set bits below {@code size}. */
  static BitWalk overSet(BitSet bits, int size) {
    return new BitWalk(bits, size, 0);
  }

  /** Over the clear bits below {@code size}. */
  static BitWalk overClear(BitSet bits, int size) {
    return new BitWalk(bits, size, -1);
  }

  /** Moves on by a word; false behind the last one. */
  boolean next() {
    start += Long.SIZE;
    return start < size;
  }

  /** The bits of the word, ascending; only as many entries as {@link #fill} said. */
  int[] indices() {
    return indices;
  }

  /** Fills {@link #indices}; returns how many there are. */
  int fill() {
    int w = start / Long.SIZE;
    long left = (w < words.length ? words[w] : 0) ^ flip;
    if (size - start < Long.SIZE) {
      left &= (1L << size - start) - 1;
    }
    int count = 0;
    if (left == -1) {
      while (count < Long.SIZE) {
        indices[count] = start + count;
        count++;
      }
      return count;
    }
    for (; left != 0; left &= left - 1) {
      indices[count++] = start + Long.numberOfTrailingZeros(left);
    }
    return count;
  }
}
