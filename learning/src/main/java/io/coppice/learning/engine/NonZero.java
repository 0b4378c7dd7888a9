package io.coppice.learning.engine;

/** Lists are filled with the values that are not zero by writing each, and moving on past those: no branch would be predicted well. */
final class NonZero {

  private NonZero() {}

  /** 0 for zero and minus zero, else 1. */
  static int flag(float value) {
    // The sign is shifted out; of any other bits that are set, they or their negative have the
    // highest one.
    int bits = Float.floatToRawIntBits(value) << 1;
    return (bits | -bits) >>> 31;
  }
}
