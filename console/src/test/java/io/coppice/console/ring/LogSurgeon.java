package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.replay.LogRecord;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.Topic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.FileLogInputStream.FileChannelRecordBatch;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.Utils;

/**
 * Edits the segment files of an embedded broker that is stopped, as somebody with access to its disk could: batches are written
 * anew with a right checksum, the time and the producer that they had, and indexes are left to the broker to make again. What
 * comes out is a log that Kafka has no complaints about.
 */
final class LogSurgeon {

  /** What precedes the Avro data of a value: a magic byte and the schema's id. */
  private static final int HEADER_BYTES = 5;

  /** Files beside a segment that say where in it things lie, or how it ended. */
  private static final List<String> DERIVED =
      List.of(".index", ".timeindex", ".txnindex", ".snapshot");

  private final Path broker;

  /**
   * @param log directory of the embedded cluster
   */
  LogSurgeon(Path log) {
    this.broker = log.resolve("broker");
  }

  /** What becomes of a record. */
  @FunctionalInterface
  private interface Edit {
    /**
     * @return the new value; null to leave the record out
     */
    ByteBuffer apply(long offset, ByteBuffer value);
  }

  /** Changes what a record holds. */
  <T extends SpecificRecord> void change(LogRecord at, Class<T> type, UnaryOperator<T> change) {
    rewrite(
        at.topic(),
        at.partition(),
        Long.MAX_VALUE,
        (offset, value) ->
            offset == at.offset() ? changed(value, at.value().getSchema(), type, change) : value);
  }

  /** Leaves a record out, so that there is a gap in the offsets. */
  void remove(LogRecord record) {
    rewrite(
        record.topic(),
        record.partition(),
        Long.MAX_VALUE,
        (offset, value) -> offset == record.offset() ? null : value);
  }

  /** Exchanges what two records of a partition hold. */
  void swap(LogRecord one, LogRecord other) {
    assertThat(one.partition()).isEqualTo(other.partition());
    ByteBuffer first = value(one);
    ByteBuffer second = value(other);
    rewrite(
        one.topic(),
        one.partition(),
        Long.MAX_VALUE,
        (offset, value) ->
            offset == one.offset() ? second : offset == other.offset() ? first : value);
  }

  /** Cuts a partition off before a record. */
  void truncate(LogRecord from) {
    rewrite(from.topic(), from.partition(), from.offset(), (offset, value) -> value);
  }

  /** Writes all batches of a partition anew, as they are. */
  void copy(Topic topic, int partition) {
    rewrite(topic, partition, Long.MAX_VALUE, (offset, value) -> value);
  }

  /**
   * Flips a bit in the batch that a record lies in, and leaves the checksum as it is.
   *
   * @return offset of the batch's first record
   */
  long damage(LogRecord record) {
    Path segment = segment(record.topic(), record.partition());
    try (FileRecords records = FileRecords.open(segment.toFile())) {
      for (FileChannelRecordBatch batch : records.batches()) {
        if (batch.lastOffset() >= record.offset()) {
          flipBit(segment, batch.position() + batch.sizeInBytes() / 2);
          return batch.baseOffset();
        }
      }
      throw new AssertionError(record.position() + " is not in " + segment);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void flipBit(Path file, long position) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(position);
      int value = bytes.read();
      bytes.seek(position);
      bytes.write(value ^ 1);
    }
  }

  private ByteBuffer value(LogRecord at) {
    Path segment = segment(at.topic(), at.partition());
    try (FileRecords records = FileRecords.open(segment.toFile())) {
      for (Record record : records.records()) {
        if (record.offset() == at.offset()) {
          return ByteBuffer.wrap(Utils.toArray(record.value()));
        }
      }
      throw new AssertionError(at.position() + " is not in " + segment);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static <T extends SpecificRecord> ByteBuffer changed(
      ByteBuffer value, Schema schema, Class<T> type, UnaryOperator<T> change) {
    byte[] bytes = Utils.toArray(value);
    try {
      T record =
          type.cast(
              new SpecificDatumReader<>(schema)
                  .read(
                      null,
                      DecoderFactory.get()
                          .binaryDecoder(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES, null)));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.write(bytes, 0, HEADER_BYTES);
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
      new SpecificDatumWriter<T>(schema).write(change.apply(record), encoder);
      encoder.flush();
      return ByteBuffer.wrap(out.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Writes a partition anew.
   *
   * @param end offset from which everything is left out
   */
  private void rewrite(Topic topic, int partition, long end, Edit edit) {
    Path segment = segment(topic, partition);
    Path edited = segment.resolveSibling("edited");
    try (FileRecords records = FileRecords.open(segment.toFile());
        var out =
            Files.newByteChannel(edited, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (FileChannelRecordBatch batch : records.batches()) {
        if (batch.baseOffset() < end) {
          out.write(batch.isControlBatch() ? asItIs(batch) : rewritten(batch, end, edit));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      Files.move(edited, segment, StandardCopyOption.REPLACE_EXISTING);
      deleteDerived(segment.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ByteBuffer asItIs(RecordBatch batch) {
    ByteBuffer bytes = ByteBuffer.allocate(batch.sizeInBytes());
    batch.writeTo(bytes);
    return bytes.flip();
  }

  private static ByteBuffer rewritten(RecordBatch batch, long end, Edit edit) {
    MemoryRecordsBuilder builder =
        new MemoryRecordsBuilder(
            new ByteBufferOutputStream(batch.sizeInBytes() + 1024),
            batch.magic(),
            Compression.NONE,
            batch.timestampType(),
            batch.baseOffset(),
            batch.maxTimestamp(),
            batch.producerId(),
            batch.producerEpoch(),
            batch.baseSequence(),
            batch.isTransactional(),
            batch.isControlBatch(),
            batch.partitionLeaderEpoch(),
            Integer.MAX_VALUE,
            RecordBatch.NO_TIMESTAMP);
    for (Record record : batch) {
      ByteBuffer value = record.offset() < end ? edit.apply(record.offset(), record.value()) : null;
      if (value != null) {
        builder.appendWithOffset(
            record.offset(), record.timestamp(), record.key(), value, record.headers());
      }
    }
    return builder.build().buffer();
  }

  private static void deleteDerived(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        if (DERIVED.stream().anyMatch(file.getFileName().toString()::endsWith)) {
          Files.delete(file);
        }
      }
    }
  }

  /** The one segment of a partition: it takes 256 MiB to begin another. */
  private Path segment(Topic topic, int partition) {
    Path directory =
        broker.resolve(topic.name(ClusterConfig.DEFAULT_TOPIC_PREFIX) + "-" + partition);
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> segments = files.filter(file -> file.toString().endsWith(".log")).toList();
      assertThat(segments).hasSize(1);
      return segments.getFirst();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
