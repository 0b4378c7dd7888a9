package io.coppice.audit.bundle;

import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.UnreadableLogException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import org.apache.avro.generic.GenericData;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;

/**
 * Reads the file of one partition, a block at a time. A file that is missing, damaged or forged is found where the reading gets to
 * it; what is not found here changes a record's content, and the file's digest.
 */
final class BundleCursor implements RecordCursor {

  private final Path path;
  private final BundleFile listed;
  private final Predicate<String> keys;
  private final long from;

  private ContainerReader file;
  private SpecificDatumReader<GenericData.Record> datums;

  private ContainerReader.Block block = new ContainerReader.Block(0, new byte[0], 0);
  private BinaryDecoder decoder;

  /** How many entries of the block are still to come. */
  private long entriesLeft;

  private long entries;
  private long lastOffset = -1;

  /**
   * @param keys only records whose key, which may be null, is one of these
   * @param from only records from this offset on
   */
  BundleCursor(Path directory, BundleFile listed, Predicate<String> keys, long from) {
    this.path = directory.resolve(listed.name());
    this.listed = listed;
    this.keys = keys;
    this.from = from;
  }

  @Override
  public Optional<LogRecord> next() {
    for (Optional<LogRecord> read = readNext(); read.isPresent(); read = readNext()) {
      LogRecord log = read.get();
      if (log.offset() >= from && keys.test(log.key())) {
        return read;
      }
    }
    return Optional.empty();
  }

  /** The next entry of the file, of whatever run. */
  private Optional<LogRecord> readNext() {
    try {
      if (file == null) {
        open();
      }
      while (entriesLeft == 0) {
        Optional<ContainerReader.Block> next = file.next();
        if (next.isEmpty()) {
          checkEnd();
          return Optional.empty();
        }
        block = next.get();
        entriesLeft = block.count();
        decoder = DecoderFactory.get().binaryDecoder(block.data(), 0, block.length(), decoder);
      }
    } catch (IOException e) {
      throw unreadable(file == null ? OptionalLong.empty() : file.firstNumber(), e);
    }
    return Optional.of(decode());
  }

  private void open() throws IOException {
    if (!Files.isRegularFile(path)) {
      throw new IOException("the file " + listed.name() + " is missing");
    }
    file = new ContainerReader(path);
    WrittenSchema.check(file.schema());
    datums =
        new SpecificDatumReader<>(
            file.schema(), EntrySchema.of(listed.topic()), new SpecificData());
    entries = file.skipUpTo(from);
  }

  private void checkEnd() throws IOException {
    if (entries < listed.records()) {
      throw new IOException(
          String.format("the file ends after %d of %d records", entries, listed.records()));
    }
  }

  private LogRecord decode() {
    int start = 0;
    try {
      start = block.length() - decoder.inputStream().available();
      LogRecord log =
          EntrySchema.toLog(listed.topic(), listed.partition(), datums.read(null, decoder));
      if (log.offset() <= lastOffset) {
        throw new IOException("the offset is not above that of the record before it");
      }
      if (entries == listed.records()) {
        throw new IOException("the file has more than " + entries + " records");
      }
      if (--entriesLeft == 0 && !decoder.isEnd()) {
        throw new IOException("a block has more bytes than its records take");
      }
      entries++;
      lastOffset = log.offset();
      return log;
    } catch (IOException | RuntimeException e) {
      throw unreadable(numberAt(start), e);
    }
  }

  private OptionalLong numberAt(int start) {
    try {
      return OptionalLong.of(
          ContainerReader.readLong(ByteBuffer.wrap(block.data(), start, block.length() - start)));
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  /**
   * @param told the offset that the record seems to have
   */
  private UnreadableLogException unreadable(OptionalLong told, Exception cause) {
    long next = Math.max(lastOffset + 1, listed.firstOffset());
    long offset =
        told.isPresent() && told.getAsLong() >= next && told.getAsLong() <= listed.lastOffset()
            ? told.getAsLong()
            : next;
    return new UnreadableLogException(
        listed.topic(), listed.partition(), offset, reason(cause), cause);
  }

  private static String reason(Exception cause) {
    return cause.getMessage() == null ? "its bytes are no record" : cause.getMessage();
  }

  @Override
  public void close() {
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
