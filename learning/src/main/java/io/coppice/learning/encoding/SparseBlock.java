package io.coppice.learning.encoding;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A block of 8-bit floats ({@link MiniFloats}) without its zeros: the header; a bitmap, in which value i is bit (i mod 8), counted from
 * the least significant, of byte (i div 8), and 1 where the value is not zero; then the codes of those values in their order. The unused
 * bits of the bitmap are 0, and no code is 0, so a block has one form only.
 */
final class SparseBlock {

  /**
   * The most values of a block. A bitmap describes 32 times its own size in values, so there has to be a bound on what a
   * few bytes can make their reader take memory for.
   */
  static final int MAX_VALUES = 1 << 20;

  private SparseBlock() {}

  static long leastBytes(int count) {
    return 1 + bitmapBytes(count);
  }

  static ByteBuffer write(float[] values, int from, int count) {
    MiniFloats unit = MiniFloats.of(values, from, count);
    ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(leastBytes(count) + count));
    out.put(unit.header()).position(Math.toIntExact(leastBytes(count)));
    for (int i = 0; i < count; i++) {
      byte code = unit.code(values[from + i]);
      if (code != 0) {
        int at = 1 + i / Byte.SIZE;
        out.put(at, (byte) (out.get(at) | 1 << i % Byte.SIZE));
        out.put(code);
      }
    }
    return out.flip();
  }

  /**
   * What is wrong with a block.
   *
   * @param in at least as many bytes as header and bitmap have
   */
  static Optional<String> defect(ByteBuffer in, int count) {
    Optional<String> header = MiniFloats.defect(in.get(0));
    if (header.isPresent()) {
      return header;
    }
    int codes = Math.toIntExact(leastBytes(count));
    if (count % Byte.SIZE != 0 && (in.get(codes - 1) & 0xff) >>> count % Byte.SIZE != 0) {
      return Optional.of(
          String.format("The bitmap of %d values goes on behind the last of them.", count));
    }
    int present = 0;
    for (int at = 1; at < codes; at++) {
      present += Integer.bitCount(in.get(at) & 0xff);
    }
    if (present != in.remaining() - codes) {
      return Optional.of(
          String.format(
              "The bitmap says that %d values are not zero, but %d follow.",
              present, in.remaining() - codes));
    }
    for (int at = codes; at < in.limit(); at++) {
      if (in.get(at) == 0) {
        return Optional.of("A value that the bitmap says is not zero has the code of zero.");
      }
    }
    return Optional.empty();
  }

  /** Reads a block without a {@link #defect}. */
  static void read(ByteBuffer in, float[] values, int from, int count) {
    float[] decoded = MiniFloats.ofHeader(in.get(0)).values();
    int next = Math.toIntExact(leastBytes(count));
    for (int i = 0; i < count; i++) {
      boolean present = (in.get(1 + i / Byte.SIZE) & 1 << i % Byte.SIZE) != 0;
      values[from + i] = decoded[present ? in.get(next++) & 0xff : 0];
    }
  }

  private static long bitmapBytes(int count) {
    return (count + Byte.SIZE - 1L) / Byte.SIZE;
  }
}
