package io.coppice.learning.encoding;

import java.util.Arrays;
import java.util.Optional;

/**
 * The 8-bit floats of one block: values that are not negative, in multiples of the block's unit, with 5 bits of exponent and 3 of
 * fraction. The code {@code 8e + m} stands for {@code m} units where {@code e} is 0, and else for {@code (8 + m) 2^(e - 1)}; so zero
 * is exact, codes are in the order of their values, and no code is an infinity or a NaN.
 *
 * <p>The unit is {@code 2^(header - 149)}, the smallest in which the block's largest value still has a code; the last code stands for
 * 15 x 2^30 units. That a block of small floats shares a scale that is a power of two is the idea of the OCP Microscaling Formats
 * (MX, v1.0), and so is the scale 255 of a block that holds what has no code.
 */
/*
 * Units from 2^-149 on: every decoded value is a multiple of the smallest binary32 with four significant bits, so it is a binary32,
 * no arithmetic rounds it, and encoding it again gives the same code.
 */
final class MiniFloats {

  /** Header of a block with a value that is negative, infinite or NaN. Every value of it is NaN. */
  static final int NOT_A_NUMBER = 0xff;

  /** Of the largest unit, 2^94, in which the last code stands for 15 x 2^124: the next would be beyond the end of binary32. */
  static final int MAX_HEADER = 243;

  private static final int FRACTION_BITS = 3;
  private static final int CODES = 256;

  /** Exponent of the smallest binary32, and of header 0. */
  private static final int MIN_EXPONENT = -149;

  /** Exponent in units of the values of the codes from 248 on. */
  private static final int TOP_EXPONENT = 33;

  private static final int DROPPED_BITS = 52 - FRACTION_BITS;

  /** What the upper bits of a double have above the code of the same number of units. */
  private static final int CODE_BIAS = (Double.MAX_EXPONENT + FRACTION_BITS - 1) << FRACTION_BITS;

  private final int header;
  private final double units;

  private MiniFloats(int header) {
    this.header = header;
    this.units = Math.scalb(1.0, -(header + MIN_EXPONENT));
  }

  /** The floats for a block with these values. */
  static MiniFloats of(float[] values, int from, int count) {
    float largest = 0;
    boolean numbers = true;
    for (int i = from; i < from + count; i++) {
      float value = values[i];
      numbers &= value >= 0 && value <= Float.MAX_VALUE;
      largest = Math.max(largest, value);
    }
    if (!numbers) {
      return new MiniFloats(NOT_A_NUMBER);
    }
    // What is rounded up to the next power of two needs the unit of that.
    int exponent =
        (int) (roundedBits(largest) >>> FRACTION_BITS) - Double.MAX_EXPONENT - TOP_EXPONENT;
    return new MiniFloats(Math.clamp(exponent - MIN_EXPONENT, 0, MAX_HEADER));
  }

  /** The floats of a block whose header has no {@link #defect}. */
  static MiniFloats ofHeader(byte header) {
    return new MiniFloats(header & 0xff);
  }

  /** What is wrong with a header; empty if it is one. */
  static Optional<String> defect(byte header) {
    int unit = header & 0xff;
    return unit <= MAX_HEADER || unit == NOT_A_NUMBER
        ? Optional.empty()
        : Optional.of(
            String.format(
                "A block of 8-bit floats begins with 0 to %d or %d, not %d.",
                MAX_HEADER, NOT_A_NUMBER, unit));
  }

  /** First byte of the block. */
  byte header() {
    return (byte) header;
  }

  /** The code of a value of the block: the nearest, of two the even one; 0 in a block that is no number. */
  byte code(float value) {
    if (header == NOT_A_NUMBER) {
      return 0;
    }
    double inUnits = value * units;
    int code =
        inUnits < 1 << FRACTION_BITS
            ? (int) Math.rint(inUnits)
            : (int) roundedBits(inUnits) - CODE_BIAS;
    return (byte) Math.min(code, CODES - 1); // the end of binary32 itself lies beyond the last code
  }

  /** The values of all codes. */
  float[] values() {
    float[] values = new float[CODES];
    if (header == NOT_A_NUMBER) {
      Arrays.fill(values, Float.NaN);
      return values;
    }
    for (int code = 0; code < CODES; code++) {
      int exponent = code >>> FRACTION_BITS;
      int fraction = code & (1 << FRACTION_BITS) - 1;
      long integer = exponent == 0 ? fraction : (1L << FRACTION_BITS | fraction) << (exponent - 1);
      values[code] = (float) (integer / units);
    }
    return values;
  }

  /** Exponent and the leading digits of a double, rounded to nearest with ties to even. */
  private static long roundedBits(double value) {
    long bits = Double.doubleToRawLongBits(value);
    long half = (1L << (DROPPED_BITS - 1)) - 1;
    return (bits + half + ((bits >>> DROPPED_BITS) & 1)) >>> DROPPED_BITS;
  }
}
