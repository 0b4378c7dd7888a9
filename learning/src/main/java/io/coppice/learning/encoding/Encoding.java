package io.coppice.learning.encoding;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** How the values of a tensor lie in bytes: little-endian, without padding. */
public enum Encoding {

  /** IEEE 754 binary32, 4 bytes a value. */
  FLOAT32(Float.BYTES) {
    @Override
    void write(float[] values, int from, int count, ByteBuffer out) {
      out.asFloatBuffer().put(values, from, count);
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
  BFLOAT16(Short.BYTES) {
    @Override
    void write(float[] values, int from, int count, ByteBuffer out) {
      for (int i = 0; i < count; i++) {
        out.putShort(2 * i, (short) (round(values[from + i]) >>> 16));
      }
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
  };

  private final int bytesPerValue;

  Encoding(int bytesPerValue) {
    this.bytesPerValue = bytesPerValue;
  }

  public int bytesPerValue() {
    return bytesPerValue;
  }

  /** Encodes {@code count} values from index {@code from} on. */
  public ByteBuffer encode(float[] values, int from, int count) {
    ByteBuffer out = ByteBuffer.allocate(count * bytesPerValue).order(ByteOrder.LITTLE_ENDIAN);
    write(values, from, count, out);
    return out.order(ByteOrder.BIG_ENDIAN);
  }

  /**
   * Decodes values.
   *
   * @param bytes exactly {@code count} encoded values between position and limit; not changed
   * @param values takes the values
   * @param from index of the first value in {@code values}
   * @throws IllegalArgumentException if the number of bytes is not that of {@code count} values
   */
  public void decode(ByteBuffer bytes, float[] values, int from, int count) {
    if (bytes.remaining() != count * bytesPerValue) {
      throw new IllegalArgumentException(
          String.format("%d bytes are not %d values in %s.", bytes.remaining(), count, this));
    }
    read(bytes.slice().order(ByteOrder.LITTLE_ENDIAN), values, from, count);
  }

  abstract void write(float[] values, int from, int count, ByteBuffer out);

  abstract void read(ByteBuffer in, float[] values, int from, int count);
}
