package io.coppice.learning.encoding;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** How the values of a block of a tensor lie in bytes: little-endian, without padding. */
public enum Encoding {

  /** IEEE 754 binary32, 4 bytes a value. */
  FLOAT32(Float.BYTES, true) {
    @Override
    ByteBuffer write(float[] values, int from, int count) {
      ByteBuffer out = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      out.asFloatBuffer().put(values, from, count);
      return out;
    }

    @Override
    void read(ByteBuffer in, float[] values, int from, int count) {
      in.asFloatBuffer().get(values, from, count);
    }
  },

  /**
   * The upper half of binary32, rounded to nearest with ties to even: 8 bits of exponent, 7 of fraction; 2 bytes a value. NaN
   * stays NaN; a finite value beyond the largest BFLOAT16 becomes infinite, as IEEE rounding has it.
   */
  BFLOAT16(Short.BYTES, true) {
    @Override
    ByteBuffer write(float[] values, int from, int count) {
      ByteBuffer out = ByteBuffer.allocate(count * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < count; i++) {
        out.putShort(2 * i, (short) (round(values[from + i]) >>> 16));
      }
      return out;
    }

    @Override
    void read(ByteBuffer in, float[] values, int from, int count) {
      for (int i = 0; i < count; i++) {
        values[from + i] = Float.intBitsToFloat(in.getShort(2 * i) << 16);
      }
    }

    private int round(float value) {
      int bits = Float.floatToRawIntBits(value);
      if (Float.isNaN(value)) {
        return bits
            | 0x0040_0000; // quiet, so that dropping the lower half cannot turn it into an infinity
      }
      return bits + 0x7fff + ((bits >>> 16) & 1);
    }
  },

  /**
   * Values that are not negative: a unit, which is a power of two, in the first byte, then 1 byte a value with 5 bits of exponent and
   * 3 of fraction ({@link MiniFloats}). What is within a factor of 10^9 of the block's largest value is off by 2^-4 of it at most.
   */
  UFLOAT8(Byte.BYTES, false) {
    @Override
    public long leastBytes(int count) {
      return 1L + count;
    }

    @Override
    ByteBuffer write(float[] values, int from, int count) {
      MiniFloats unit = MiniFloats.of(values, from, count);
      byte[] out = new byte[1 + count];
      out[0] = unit.header();
      for (int i = 0; i < count; i++) {
        out[1 + i] = unit.code(values[from + i]);
      }
      return ByteBuffer.wrap(out);
    }

    @Override
    Optional<String> defect(ByteBuffer in, int count) {
      return MiniFloats.defect(in.get(0));
    }

    @Override
    void read(ByteBuffer in, float[] values, int from, int count) {
      float[] decoded = MiniFloats.ofHeader(in.get(0)).values();
      for (int i = 0; i < count; i++) {
        values[from + i] = decoded[in.get(1 + i) & 0xff];
      }
    }
  },

  /**
   * The same for blocks of which many values are zero: the unit, a bitmap of the values that are not, and the code of each of those
   * ({@link SparseBlock}).
   */
  SPARSE_UFLOAT8(Byte.BYTES, false) {
    @Override
    public long leastBytes(int count) {
      return SparseBlock.leastBytes(count);
    }

    @Override
    public long mostBytes(int count) {
      return SparseBlock.leastBytes(count) + count;
    }

    @Override
    public int maxValues() {
      return SparseBlock.MAX_VALUES;
    }

    @Override
    ByteBuffer write(float[] values, int from, int count) {
      return SparseBlock.write(values, from, count);
    }

    @Override
    Optional<String> defect(ByteBuffer in, int count) {
      return SparseBlock.defect(in, count);
    }

    @Override
    void read(ByteBuffer in, float[] values, int from, int count) {
      SparseBlock.read(in, values, from, count);
    }
  };

  private final int bytesPerValue;
  private final boolean signed;

  Encoding(int bytesPerValue, boolean signed) {
    this.bytesPerValue = bytesPerValue;
    this.signed = signed;
  }

  /** Bytes that one value takes, besides what a block has once; in {@link #SPARSE_UFLOAT8} one that is not zero. */
  public int bytesPerValue() {
    return bytesPerValue;
  }

  /** Whether values may be negative. Where they may not, a block with a negative value in it is decoded as NaN throughout. */
  public boolean signed() {
    return signed;
  }

  /** The fewest bytes that a block of {@code count} values has. */
  public long leastBytes(int count) {
    return (long) count * bytesPerValue;
  }

  /** The most bytes that a block of {@code count} values has. */
  public long mostBytes(int count) {
    return leastBytes(count);
  }

  /** The most values that a block may have. */
  public int maxValues() {
    return Integer.MAX_VALUE;
  }

  /**
   * Encodes {@code count} values from index {@code from} on.
   *
   * @throws IllegalArgumentException if they are more than a block may have
   */
  public ByteBuffer encode(float[] values, int from, int count) {
    if (count > maxValues()) {
      throw new IllegalArgumentException(
          String.format("A block in %s has at most %d values, not %d.", this, maxValues(), count));
    }
    return write(values, from, count).order(ByteOrder.BIG_ENDIAN);
  }

  /** Whether {@code count} values may have that many bytes. */
  public boolean fits(long bytes, int count) {
    return count >= 0
        && count <= maxValues()
        && bytes >= leastBytes(count)
        && bytes <= mostBytes(count);
  }

  /**
   * What keeps bytes from being decoded.
   *
   * @param bytes between position and limit; not changed
   * @return one sentence; empty if they are {@code count} values
   */
  public Optional<String> fault(ByteBuffer bytes, int count) {
    return fits(bytes.remaining(), count)
        ? defect(bytes.slice().order(ByteOrder.LITTLE_ENDIAN), count)
        : Optional.of(
            String.format("%d bytes are not %d values in %s.", bytes.remaining(), count, this));
  }

  /**
   * Decodes values.
   *
   * @param bytes exactly {@code count} encoded values between position and limit; not changed
   * @param values takes the values
   * @param from index of the first value in {@code values}
   * @throws IllegalArgumentException if {@link #fault} finds one
   */
  public void decode(ByteBuffer bytes, float[] values, int from, int count) {
    fault(bytes, count)
        .ifPresent(
            fault -> {
              throw new IllegalArgumentException(fault);
            });
    read(bytes.slice().order(ByteOrder.LITTLE_ENDIAN), values, from, count);
  }

  /** What is wrong with bytes that are as many as they may be. */
  Optional<String> defect(ByteBuffer in, int count) {
    return Optional.empty();
  }

  abstract ByteBuffer write(float[] values, int from, int count);

  abstract void read(ByteBuffer in, float[] values, int from, int count);
}
