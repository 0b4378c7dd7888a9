package io.coppice.learning.encoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnsignedEncodingTest {

  private static final double LAST = 15 * 0x1p30;
  private static final int LAST_HEADER = 243;

  /** What a code stands for, in units: the definition in words, in exact arithmetic. */
  private static double units(int code) {
    int exponent = code / 8;
    int fraction = code % 8;
    return exponent == 0 ? fraction : (8 + fraction) * Math.pow(2, exponent - 1);
  }

  private static double unit(int header) {
    return Math.pow(2, header - 149);
  }

  @Property
  void everyValueIsTheNearestInUnitsOfTheBlock(@ForAll("values") float[] values) {
    byte[] bytes = bytes(Encoding.UFLOAT8.encode(values, 0, values.length));
    double unit = unit(bytes[0] & 0xff);
    float[] decoded = decode(Encoding.UFLOAT8, ByteBuffer.wrap(bytes), values.length);
    for (int i = 0; i < values.length; i++) {
      int code = bytes[1 + i] & 0xff;
      assertThat((double) decoded[i]).isEqualTo(units(code) * unit);
      double error = Math.abs(values[i] - units(code) * unit);
      for (int other = Math.max(0, code - 1); other <= Math.min(255, code + 1); other++) {
        double otherError = Math.abs(values[i] - units(other) * unit);
        assertThat(error).isLessThanOrEqualTo(otherError);
        if (other != code && error == otherError) {
          assertThat(code % 2).isZero();
        }
      }
      if (values[i] >= 8 * unit) {
        assertThat(error).isLessThanOrEqualTo((double) values[i] / 16);
      } else {
        assertThat(error).isLessThanOrEqualTo(unit / 2);
      }
    }
  }

  @Property
  void theUnitIsTheSmallestInWhichTheLargestValueHasACode(@ForAll("values") float[] values) {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, value);
    }
    int header = bytes(Encoding.UFLOAT8.encode(values, 0, values.length))[0] & 0xff;
    // From 15.5 x 2^30 units on a value is nearer to what would be the next code.
    double end = 15.5 * 0x1p30;
    assertThat(largest < end * unit(header) || header == LAST_HEADER).isTrue();
    assertThat(header == 0 || largest >= end * unit(header - 1)).isTrue();
    assertThat(LAST * unit(LAST_HEADER)).isLessThanOrEqualTo(Float.MAX_VALUE);
  }

  @Property
  void largerValuesAreNotSmallerWhenDecoded(@ForAll("values") float[] values) {
    float[] sorted = values.clone();
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] += 0f; // minus zero sorts below zero
    }
    Arrays.sort(sorted);
    for (Encoding encoding : new Encoding[] {Encoding.UFLOAT8, Encoding.SPARSE_UFLOAT8}) {
      float[] decoded = decode(encoding, encoding.encode(sorted, 0, sorted.length), sorted.length);
      assertThat(decoded).isSorted();
    }
  }

  @Property
  void whatWasDecodedIsEncodedToTheSameBytes(@ForAll("values") float[] values) {
    for (Encoding encoding : new Encoding[] {Encoding.UFLOAT8, Encoding.SPARSE_UFLOAT8}) {
      ByteBuffer once = encoding.encode(values, 0, values.length);
      float[] decoded = decode(encoding, once, values.length);
      assertThat(encoding.encode(decoded, 0, decoded.length)).isEqualTo(once);
    }
  }

  @Property
  void theSparseFormHasTheSameValuesAndAByteForEachThatIsNotZero(@ForAll("values") float[] values) {
    int count = values.length;
    ByteBuffer sparse = Encoding.SPARSE_UFLOAT8.encode(values, 0, count);
    float[] decoded = decode(Encoding.SPARSE_UFLOAT8, sparse, count);
    assertThat(decoded)
        .isEqualTo(decode(Encoding.UFLOAT8, Encoding.UFLOAT8.encode(values, 0, count), count));
    int present = 0;
    for (float value : decoded) {
      present += value == 0 ? 0 : 1;
    }
    assertThat(sparse.remaining()).isEqualTo(1 + (count + 7) / 8 + present);
    assertThat(Encoding.SPARSE_UFLOAT8.leastBytes(count)).isEqualTo(1 + (count + 7) / 8);
    assertThat(Encoding.SPARSE_UFLOAT8.mostBytes(count)).isEqualTo(1 + (count + 7) / 8 + count);
    assertThat(Encoding.UFLOAT8.leastBytes(count)).isEqualTo(1 + count);
    assertThat(Encoding.UFLOAT8.mostBytes(count)).isEqualTo(1 + count);
  }

  @Property
  void bytesAreEitherRefusedOrNumbersThatAreNotNegative(@ForAll("bytes") byte[] bytes) {
    for (Encoding encoding : new Encoding[] {Encoding.UFLOAT8, Encoding.SPARSE_UFLOAT8}) {
      for (int count = 0; count <= bytes.length; count++) {
        refusedOrNumbers(encoding, bytes, count);
      }
    }
  }

  /** Of random bytes next to none are a sparse block, so blocks are damaged here. */
  @Property
  void aDamagedBlockIsEitherRefusedOrNumbersThatAreNotNegative(
      @ForAll("values") float[] values, @ForAll int at, @ForAll byte change, @ForAll byte length) {
    for (Encoding encoding : new Encoding[] {Encoding.UFLOAT8, Encoding.SPARSE_UFLOAT8}) {
      byte[] block = bytes(encoding.encode(values, 0, values.length));
      block[Math.floorMod(at, block.length)] ^= change;
      refusedOrNumbers(encoding, block, values.length);
      refusedOrNumbers(
          encoding, Arrays.copyOf(block, Math.max(0, block.length + length % 3)), values.length);
    }
  }

  private static void refusedOrNumbers(Encoding encoding, byte[] bytes, int count) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    float[] values = new float[count];
    var fault = encoding.fault(buffer, count);
    if (fault.isPresent()) {
      assertThatThrownBy(() -> encoding.decode(buffer, values, 0, count))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(fault.get());
      return;
    }
    encoding.decode(buffer, values, 0, count);
    boolean nan = (bytes[0] & 0xff) == 0xff;
    for (float value : values) {
      assertThat(nan ? Float.isNaN(value) : value >= 0 && value <= Float.MAX_VALUE).isTrue();
    }
  }

  /** The example of docs/log-format.md. */
  @Test
  void theLayoutIsTheOneThatIsWrittenDown() {
    float[] values = {1, 0, 0.3f, 1000};
    assertThat(bytes(Encoding.UFLOAT8.encode(values, 0, 4)))
        .containsExactly(0x7e, 0xa8, 0x00, 0x9a, 0xf8);
    ByteBuffer sparse = Encoding.SPARSE_UFLOAT8.encode(values, 0, 4);
    assertThat(bytes(sparse)).containsExactly(0x7e, 0x0d, 0xa8, 0x9a, 0xf8);
    assertThat(decode(Encoding.SPARSE_UFLOAT8, sparse, 4)).containsExactly(1, 0, 0.3125f, 1024);
  }

  @Test
  void theEndsOfBinary32() {
    assertThat(bytes(Encoding.UFLOAT8.encode(new float[] {Float.MIN_VALUE, 0}, 0, 2)))
        .containsExactly(0, 1, 0);
    assertThat(bytes(Encoding.UFLOAT8.encode(new float[] {Float.MAX_VALUE, 0}, 0, 2)))
        .containsExactly(LAST_HEADER, 255, 0);
    assertThat(bytes(Encoding.UFLOAT8.encode(new float[] {-0f}, 0, 1))).containsExactly(0, 0);
  }

  @ParameterizedTest
  @ValueSource(floats = {-1, -Float.MIN_VALUE, Float.NaN, Float.POSITIVE_INFINITY})
  void aBlockWithAValueThatHasNoCodeIsNotANumberThroughout(float odd) {
    for (Encoding encoding : new Encoding[] {Encoding.UFLOAT8, Encoding.SPARSE_UFLOAT8}) {
      ByteBuffer bytes = encoding.encode(new float[] {3, odd, 5}, 0, 3);
      assertThat(decode(encoding, bytes, 3)).containsOnly(Float.NaN);
      assertThat(bytes.remaining()).isEqualTo((int) encoding.leastBytes(3));
    }
  }

  @Test
  void whatIsWrongWithABlockIsSaid() {
    assertThat(fault(Encoding.UFLOAT8, 2, 244, 0, 0))
        .isEqualTo("A block of 8-bit floats begins with 0 to 243 or 255, not 244.");
    assertThat(fault(Encoding.UFLOAT8, 2, 0, 0)).isEqualTo("2 bytes are not 2 values in UFLOAT8.");
    assertThat(fault(Encoding.SPARSE_UFLOAT8, 9, 0, 1))
        .isEqualTo("2 bytes are not 9 values in SPARSE_UFLOAT8.");
    assertThat(fault(Encoding.SPARSE_UFLOAT8, 3, 250, 1, 7))
        .isEqualTo("A block of 8-bit floats begins with 0 to 243 or 255, not 250.");
    assertThat(fault(Encoding.SPARSE_UFLOAT8, 3, 9, 8, 7))
        .isEqualTo("The bitmap of 3 values goes on behind the last of them.");
    assertThat(fault(Encoding.SPARSE_UFLOAT8, 3, 9, 5, 7))
        .isEqualTo("The bitmap says that 2 values are not zero, but 1 follow.");
    assertThat(fault(Encoding.SPARSE_UFLOAT8, 3, 9, 5, 7, 7, 7))
        .isEqualTo("The bitmap says that 2 values are not zero, but 3 follow.");
    assertThat(fault(Encoding.SPARSE_UFLOAT8, 3, 9, 5, 7, 0))
        .isEqualTo("A value that the bitmap says is not zero has the code of zero.");
    assertThat(Encoding.SPARSE_UFLOAT8.fault(buffer(9, 5, 7, 8), 3)).isEmpty();
  }

  /** A record of a few bytes does not make its reader take memory for a million times as many values. */
  @Test
  void aSparseBlockHasABound() {
    int most = Encoding.SPARSE_UFLOAT8.maxValues();
    assertThat(Encoding.SPARSE_UFLOAT8.fits(1 + (most + 7L) / 8, most)).isTrue();
    assertThat(Encoding.SPARSE_UFLOAT8.fits(1 + (most + 8L) / 8, most + 1)).isFalse();
    assertThatThrownBy(() -> Encoding.SPARSE_UFLOAT8.encode(new float[most + 1], 0, most + 1))
        .hasMessage("A block in SPARSE_UFLOAT8 has at most 1048576 values, not 1048577.");
  }

  @ParameterizedTest
  @EnumSource
  void countsThatOverflowDoNotFit(Encoding encoding) {
    for (int count : new int[] {-1, Integer.MIN_VALUE, 1 << 30, Integer.MAX_VALUE}) {
      assertThat(encoding.fits(0, count)).as("%d", count).isFalse();
      assertThat(encoding.fault(ByteBuffer.allocate(4), count)).as("%d", count).isPresent();
    }
  }

  /** Values of any size beside each other, and values near each other, with zeros among both. */
  @Provide
  Arbitrary<float[]> values() {
    Arbitrary<Float> any =
        Arbitraries.integers()
            .between(0, 0x7f7f_ffff)
            .edgeCases(edges -> edges.add(0, 1, 0x007f_ffff, 0x0080_0000, 0x7f7f_ffff, 0x7f78_0000))
            .map(Float::intBitsToFloat);
    Arbitrary<Float> near =
        Combinators.combine(
                Arbitraries.integers().between(0, 0x7f_ffff),
                Arbitraries.integers().between(90, 130))
            .as((fraction, exponent) -> Float.intBitsToFloat(exponent << 23 | fraction));
    // Ties: a fraction of four bits.
    Arbitrary<Float> ties =
        Combinators.combine(
                Arbitraries.integers().between(0, 15), Arbitraries.integers().between(100, 130))
            .as((fraction, exponent) -> Float.intBitsToFloat(exponent << 23 | fraction << 19));
    Arbitrary<Float> zero = Arbitraries.of(0f, -0f);
    return Arbitraries.oneOf(
        Arbitraries.oneOf(any, zero).array(float[].class).ofMaxSize(40),
        Arbitraries.oneOf(near, ties, zero).array(float[].class).ofMaxSize(40));
  }

  @Provide
  Arbitrary<byte[]> bytes() {
    return Arbitraries.bytes().array(byte[].class).ofMaxSize(20);
  }

  private static String fault(Encoding encoding, int count, int... bytes) {
    return encoding.fault(buffer(bytes), count).orElse("none");
  }

  private static ByteBuffer buffer(int... values) {
    ByteBuffer buffer = ByteBuffer.allocate(values.length);
    for (int value : values) {
      buffer.put((byte) value);
    }
    return buffer.flip();
  }

  private static float[] decode(Encoding encoding, ByteBuffer bytes, int count) {
    float[] values = new float[count];
    encoding.decode(bytes, values, 0, count);
    return values;
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
