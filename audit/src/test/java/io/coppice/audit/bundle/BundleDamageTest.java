package io.coppice.audit.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.coppice.audit.records.ListEvidence;
import io.coppice.audit.records.SmallRun;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.UnreadableLogException;
import io.coppice.schemas.Topic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file that somebody has damaged or forged is reported with its place, and never taken for more than it is. */
class BundleDamageTest {

  private static final String FILE = "aggregates-1.avro";

  @TempDir private Path directory;

  private final ListEvidence log = new ListEvidence();
  private SmallRun run;
  private Path file;
  private byte[] whole;
  private List<LogRecord> records;

  @BeforeEach
  void writeBundle() throws IOException {
    run = SmallRun.define(log, SmallRun.definition("run").build());
    for (int round = 0; round < 12; round++) {
      run.aggregate(round, 0, new float[run.full().activeParameters()]);
    }
    new BundleWriter(log, "memory", "1.0").write(run.run(), directory.resolve("b"), f -> {});
    file = directory.resolve("b").resolve(FILE);
    whole = Files.readAllBytes(file);
    records = read();
    assertThat(records).hasSize(36);
  }

  private List<LogRecord> read() {
    return readFrom(0);
  }

  private List<LogRecord> readFrom(long offset) {
    List<LogRecord> read = new ArrayList<>();
    readInto(read, offset);
    return read;
  }

  private void readInto(List<LogRecord> read, long offset) {
    try (BundleEvidence evidence = BundleEvidence.open(directory.resolve("b"));
        RecordCursor cursor = evidence.readFrom(run.run(), Topic.AGGREGATES, 1, offset)) {
      for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
        read.add(next.get());
      }
    }
  }

  private UnreadableLogException unreadable() {
    return catchThrowableOfType(UnreadableLogException.class, this::read);
  }

  @Test
  void whereverAFileIsCutTheFirstRecordThatIsMissingIsNamed() throws IOException {
    for (int length = 0; length < whole.length; length += 997) {
      Files.write(file, Arrays.copyOf(whole, length));
      List<LogRecord> before = new ArrayList<>();
      UnreadableLogException e =
          catchThrowableOfType(UnreadableLogException.class, () -> readInto(before, 0));
      assertThat(before).isEqualTo(records.subList(0, before.size()));
      assertThat(e.topic()).isEqualTo(Topic.AGGREGATES);
      assertThat(e.partition()).isEqualTo(1);
      assertThat(e.offset())
          .isGreaterThan(before.isEmpty() ? -1 : before.getLast().offset())
          .isLessThanOrEqualTo(records.get(before.size()).offset());
    }
  }

  @Test
  void aCutWithinABlockNamesItsFirstRecord() throws IOException {
    Files.write(file, Arrays.copyOf(whole, whole.length - 1));
    List<LogRecord> before = new ArrayList<>();
    UnreadableLogException e =
        catchThrowableOfType(UnreadableLogException.class, () -> readInto(before, 0));
    assertThat(before.size()).isBetween(30, 35);
    assertThat(e.offset()).isEqualTo(records.get(before.size()).offset());
    assertThat(e).hasMessageContaining("the file ends within a block");
  }

  @Test
  void flippedBitsAreFoundOrChangeARecordAndTheDigest() throws IOException {
    Random random = new Random(1);
    int refused = 0;
    for (int i = 0; i < 600; i++) {
      byte[] damaged = whole.clone();
      // Mostly where a bit is no value: in the header, and in what surrounds the values.
      int at = random.nextBoolean() ? random.nextInt(6000) : random.nextInt(whole.length);
      damaged[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, damaged);
      try {
        read();
      } catch (UnreadableLogException e) {
        refused++;
        assertThat(e.offset())
            .isBetween(records.getFirst().offset(), records.getLast().offset() + 1);
        assertThat(e.getMessage()).contains("cannot be read: ");
      }
    }
    assertThat(refused).isGreaterThan(40);
    try (BundleEvidence evidence = BundleEvidence.open(directory.resolve("b"))) {
      assertThat(evidence.checkFiles(f -> {})).extracting(FileFault::file).containsExactly(FILE);
    }
  }

  @Test
  void aMissingFileIsDamageToo() throws IOException {
    Files.delete(file);
    assertThat(unreadable())
        .hasMessageContaining("the file " + FILE + " is missing")
        .extracting(UnreadableLogException::offset)
        .isEqualTo(records.getFirst().offset());
  }

  @Test
  void recordsThatTheManifestDoesNotCountAreRefused() throws IOException {
    ListEvidence longer = new ListEvidence();
    log.records().forEach(longer::add);
    longer.add(Topic.AGGREGATES, 1, "run/delta/1", null);
    new BundleWriter(longer, "memory", "1.0").write(run.run(), directory.resolve("c"), f -> {});
    Files.copy(
        directory.resolve("c").resolve(FILE),
        file,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertThat(unreadable()).hasMessageContaining("the file has more than 36 records");
  }

  @Test
  void forgedLengthsAreNotBelieved() throws IOException {
    for (long length : new long[] {Long.MAX_VALUE, Integer.MAX_VALUE, 1L << 31, 60 << 20, -1}) {
      Files.write(file, container(EntrySchema.of(Topic.AGGREGATES).toString(), 1, length, 9));
      assertThat(unreadable()).isNotNull();
      Files.write(file, container(EntrySchema.of(Topic.AGGREGATES).toString(), length, 1, 9));
      assertThat(unreadable()).isNotNull();
    }
    // The value of the only entry is said to have 2^31 - 9 bytes.
    Files.write(
        file,
        container(
            EntrySchema.of(Topic.AGGREGATES).toString(),
            1,
            10,
            14,
            0,
            0,
            0,
            0,
            2,
            0xee,
            0xff,
            0xff,
            0xff,
            0x0f));
    assertThat(unreadable()).isNotNull();
  }

  @Test
  void schemasThatWereMadeToDoHarmAreRefused() throws IOException {
    String endless =
        "{\"type\":\"record\",\"name\":\"AggregatesEntry\",\"namespace\":\"io.coppice.bundle\",\"fields\":["
            + "{\"name\":\"idle\",\"type\":{\"type\":\"array\",\"items\":\"null\"}}]}";
    Files.write(file, container(endless, 1, 3, 2, 2, 0));
    assertThat(unreadable()).hasMessageContaining("a list of elements without bytes");
    String nested =
        "{\"type\":\"record\",\"name\":\"AggregatesEntry\",\"namespace\":\"io.coppice.bundle\",\"fields\":["
            + "{\"name\":\"self\",\"type\":[\"null\",\"AggregatesEntry\"]}]}";
    Files.write(file, container(nested, 1, 3, 2, 2, 0));
    assertThat(unreadable()).hasMessageContaining("the file's schema holds itself");
    for (String other : List.of("\"int\"", "\"no schema", "{}", "[]", "")) {
      Files.write(file, container(other, 1, 3, 2, 2, 0));
      assertThat(unreadable()).isNotNull();
    }
  }

  /** A file with one block that says what it likes of itself. */
  private static byte[] container(String schema, long count, long length, int... block)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {'O', 'b', 'j', 1});
    BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
    encoder.writeLong(1);
    encoder.writeString("avro.schema");
    encoder.writeBytes(schema.getBytes(StandardCharsets.UTF_8));
    encoder.writeLong(0);
    encoder.writeFixed(new byte[16]);
    encoder.writeLong(count);
    encoder.writeLong(length);
    for (int b : block) {
      out.write(b);
    }
    encoder.writeFixed(new byte[16]);
    return out.toByteArray();
  }

  @Test
  void readingFromAnOffsetOnSkipsWhatLiesBefore() {
    for (int i = 0; i < records.size(); i++) {
      assertThat(readFrom(records.get(i).offset())).isEqualTo(records.subList(i, records.size()));
    }
    assertThat(readFrom(records.getLast().offset() + 1)).isEmpty();
  }

  @Test
  void aDirectoryWithoutAManifestIsNoBundle() {
    assertThatThrownBy(() -> BundleEvidence.open(directory))
        .isInstanceOf(BundleFormatException.class)
        .hasMessage(directory + " is no evidence bundle: it has no manifest.json.");
  }
}
