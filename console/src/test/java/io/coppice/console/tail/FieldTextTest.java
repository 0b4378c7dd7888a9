package io.coppice.console.tail;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.encoding.Encoding;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecordBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Records of types that nobody has thought of. */
class FieldTextTest {

  private static final Schema STEP =
      SchemaBuilder.record("Step")
          .fields()
          .requiredString("agentId")
          .requiredDouble("gain")
          .endRecord();

  private static final Schema EVENT =
      SchemaBuilder.record("RunAccepted")
          .fields()
          .requiredString("by")
          .requiredLong("count")
          .requiredBytes("digest")
          .requiredBytes("publicKey")
          .requiredBytes("values")
          .requiredBytes("blob")
          .optionalString("note")
          .name("steps")
          .type()
          .array()
          .items(STEP)
          .noDefault()
          .name("levels")
          .type()
          .array()
          .items()
          .intType()
          .noDefault()
          .name("none")
          .type()
          .array()
          .items()
          .intType()
          .noDefault()
          .requiredBoolean("final")
          .endRecord();

  private static final Schema ENTRY =
      SchemaBuilder.record("LedgerEntry")
          .fields()
          .requiredString("runId")
          .name("event")
          .type(EVENT)
          .noDefault()
          .endRecord();

  private static GenericData.Record event() {
    return new GenericRecordBuilder(EVENT)
        .set("by", "agent\u001b[31m-1\n")
        .set("count", 12345L)
        .set("digest", ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6}))
        .set("publicKey", ByteBuffer.wrap(new byte[] {'a', 'b', 'c'}))
        .set("values", Encoding.FLOAT32.encode(new float[] {3, -4}, 0, 2))
        .set("blob", ByteBuffer.wrap(new byte[1000]))
        .set(
            "steps",
            List.of(
                new GenericRecordBuilder(STEP).set("agentId", "agent-7").set("gain", 0.5).build()))
        .set("levels", IntStream.range(0, 20).boxed().toList())
        .set("none", List.of())
        .set("final", true)
        .build();
  }

  @Test
  void anEventIsToldByTheNamesOfItsFields() {
    GenericData.Record entry =
        new GenericRecordBuilder(ENTRY).set("runId", "demo").set("event", event()).build();
    assertThat(RecordText.name(entry)).isEqualTo("RunAccepted");
    assertThat(RecordText.of(entry))
        .isEqualTo(
            "by agent\\u001b[31m-1\\u000a, count 12,345, digest 01020304, publicKey ba7816bf,"
                + " values 2 values, min -4, max 3, norm 5, 2 non-zero, blob 1.00 kB,"
                + " steps [{agentId agent-7, gain 0.5}],"
                + " levels [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 and 4 more], final true");
    assertThat(Subject.of(entry).agents()).containsExactly("agent-7");
  }

  @Test
  void aFieldThatASentenceDoesNotKnowIsAddedToIt() {
    assertThat(
            FieldText.others(
                event(), "by", "digest", "publicKey", "values", "blob", "steps", "levels"))
        .isEqualTo(", count 12,345, final true");
    assertThat(
            FieldText.others(
                event().get("steps") instanceof List<?> steps
                    ? (GenericData.Record) steps.getFirst()
                    : null,
                "agentId",
                "gain"))
        .isEmpty();
  }

  @Test
  void bytesThatAreNoTensorAreCounted() {
    GenericData.Record broken = event();
    broken.put("values", ByteBuffer.wrap(new byte[7]));
    assertThat(FieldText.all(broken)).contains("values 7 B that are not its values");
    broken.put("values", ByteBuffer.allocate(0));
    assertThat(FieldText.tensor(broken, ByteBuffer.allocate(0))).isEqualTo("no values");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 1",
    "-4, -4",
    "1234567, '1,234,567'",
    "0.5, 0.5",
    "0.123456, 0.1235",
    "-0.000123456, -0.0001235",
    "0.00001234, 1.234e-05",
    "12.3456, 12.35",
    "99999.5, '100,000'",
    "1e12, 1.000e+12",
    "NaN, NaN",
    "-Infinity, -Infinity"
  })
  void numbersHaveFourSignificantDigits(double number, String text) {
    assertThat(FieldText.number(number)).isEqualTo(text);
  }

  @Test
  void textFromOutsideCannotCommandTheTerminal() {
    assertThat(FieldText.line("a\r\nb\u0007\u009b2J\u202e\u2028é漢\ud800"))
        .isEqualTo("a\\u000d\\u000ab\\u0007\\u009b2J\\u202e\\u2028é漢\\ud800");
  }
}
