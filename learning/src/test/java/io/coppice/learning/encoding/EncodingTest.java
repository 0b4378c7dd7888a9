package io.coppice.learning.encoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class EncodingTest {

  @Property
  void float32KeepsEveryBit(@ForAll("anyBits") float[] values) {
    float[] decoded = decode(Encoding.FLOAT32, Encoding.FLOAT32.encode(values, 0, values.length));
    for (int i = 0; i < values.length; i++) {
      assertThat(Float.floatToRawIntBits(decoded[i])).isEqualTo(Float.floatToRawIntBits(values[i]));
    }
  }

  @Property
  void bfloat16IsTheNearestOfItsNeighbours(@ForAll("anyBits") float[] values) {
    float[] decoded = decode(Encoding.BFLOAT16, Encoding.BFLOAT16.encode(values, 0, values.length));
    for (int i = 0; i < values.length; i++) {
      float value = values[i];
      if (Float.isNaN(value)) {
        assertThat(decoded[i]).isNaN();
        continue;
      }
      if (Float.isInfinite(decoded[i])) {
        // The largest BFLOAT16 is 0x7f7f; what rounds away from it is at least half a step above.
        assertThat(Float.floatToRawIntBits(Math.abs(value))).isGreaterThanOrEqualTo(0x7f7f_8000);
        assertThat(Math.signum(decoded[i])).isEqualTo(Math.signum(value));
        continue;
      }
      int below = Float.floatToRawIntBits(value) & 0xffff_0000;
      double toBelow = Math.abs((double) value - Float.intBitsToFloat(below));
      double toAbove = Math.abs((double) value - Float.intBitsToFloat(below + 0x1_0000));
      double error = Math.abs((double) value - decoded[i]);
      assertThat(error).isEqualTo(Math.min(toBelow, toAbove));
      assertThat(Float.floatToRawIntBits(decoded[i]) & 0xffff).isZero();
      if (toBelow == toAbove) {
        assertThat(Float.floatToRawIntBits(decoded[i]) & 0x1_0000).isZero();
      }
      if (Math.abs(value) >= Float.MIN_NORMAL) {
        assertThat(error).isLessThanOrEqualTo(Math.abs((double) value) / 256);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "3f808000, 3f800000", // half a step above an even value: down
    "3f818000, 3f820000", // half a step above an odd value: up
    "3f808001, 3f810000",
    "bf818000, bf820000",
    "7f7fffff, 7f800000", // beyond the largest: infinity
    "80000000, 80000000",
    "ff800000, ff800000",
    "7f800001, 7fc00000" // a NaN whose payload is in the lower half
  })
  void bfloat16RoundsTiesToEven(String value, String rounded) {
    float[] values = {Float.intBitsToFloat(Integer.parseUnsignedInt(value, 16))};
    float decoded = decode(Encoding.BFLOAT16, Encoding.BFLOAT16.encode(values, 0, 1))[0];
    assertThat(Integer.toHexString(Float.floatToRawIntBits(decoded))).isEqualTo(rounded);
  }

  @Test
  void bytesAreLittleEndian() {
    assertThat(bytes(Encoding.FLOAT32.encode(new float[] {1}, 0, 1)))
        .containsExactly(0, 0, 0x80, 0x3f);
    assertThat(bytes(Encoding.BFLOAT16.encode(new float[] {1}, 0, 1))).containsExactly(0x80, 0x3f);
  }

  @ParameterizedTest
  @EnumSource
  void aPartIsEncodedAndDecodedInItsPlace(Encoding encoding) {
    ByteBuffer bytes = encoding.encode(new float[] {1, 2, 3, 4}, 1, 2);
    assertThat((long) bytes.remaining())
        .isBetween(encoding.leastBytes(2), encoding.mostBytes(2))
        .isGreaterThanOrEqualTo(2 * encoding.bytesPerValue());
    ByteBuffer padded = ByteBuffer.allocate(bytes.remaining() + 2);
    padded.position(1).put(bytes.duplicate()).flip().position(1);
    float[] values = new float[4];
    encoding.decode(padded, values, 1, 2);
    assertThat(values).containsExactly(0, 2, 3, 0);
    assertThat(padded.position()).isEqualTo(1);
    assertThatThrownBy(() -> encoding.decode(bytes, values, 0, 99))
        .hasMessage(bytes.remaining() + " bytes are not 99 values in " + encoding + ".");
  }

  @Provide
  Arbitrary<float[]> anyBits() {
    return Arbitraries.integers()
        .edgeCases(
            edges -> edges.add(0, 0x8000_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x7f80_0001))
        .map(Float::intBitsToFloat)
        .array(float[].class)
        .ofMaxSize(50);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  private static float[] decode(Encoding encoding, ByteBuffer bytes) {
    float[] values = new float[bytes.remaining() / encoding.bytesPerValue()];
    encoding.decode(bytes, values, 0, values.length);
    return values;
  }
}
