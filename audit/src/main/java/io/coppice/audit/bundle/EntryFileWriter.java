package io.coppice.audit.bundle;

import io.coppice.replay.LogRecord;
import io.coppice.schemas.Topic;
import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.specific.SpecificDatumWriter;

/**
 * Writes the file of one partition. Nothing in it is left to chance, the marker between blocks included, so that the same records
 * make the same bytes.
 */
final class EntryFileWriter implements AutoCloseable {

  private static final int SYNC_BYTES = 16;
  private static final int BUFFER_BYTES = 1 << 16;

  private final Topic topic;
  private final int partition;
  private final Path path;
  private final MessageDigest sha256 = Sha256.newDigest();
  private final FileOutputStream file;
  private final DataFileWriter<IndexedRecord> entries;
  private long records;
  private long first;
  private long last;

  EntryFileWriter(Path directory, String runId, Topic topic, int partition) throws IOException {
    this.topic = topic;
    this.partition = partition;
    this.path = directory.resolve(BundleFile.name(topic, partition));
    this.file = new FileOutputStream(path.toFile());
    OutputStream out = new DigestOutputStream(new BufferedOutputStream(file, BUFFER_BYTES), sha256);
    entries = new DataFileWriter<>(new SpecificDatumWriter<IndexedRecord>(EntrySchema.of(topic)));
    entries.create(EntrySchema.of(topic), out, marker(runId));
  }

  private byte[] marker(String runId) {
    byte[] name = (runId + "/" + path.getFileName()).getBytes(StandardCharsets.UTF_8);
    return Arrays.copyOf(Sha256.newDigest().digest(name), SYNC_BYTES);
  }

  /**
   * Adds a record.
   *
   * @throws IOException if it cannot be written, or is larger than a reader of bundles takes
   */
  void append(LogRecord log) throws IOException {
    if (log.bytes() > ContainerReader.MAX_BLOCK_BYTES / 2) {
      throw new IOException(
          String.format(
              "%s has %d bytes, more than the %d that a bundle's record may have",
              log.position(), log.bytes(), ContainerReader.MAX_BLOCK_BYTES / 2));
    }
    entries.append(EntrySchema.toEntry(log));
    first = records == 0 ? log.offset() : first;
    last = log.offset();
    records++;
  }

  /** Writes what is left to the disk and closes the file. */
  BundleFile finish() throws IOException {
    entries.flush();
    file.getFD().sync();
    close();
    return new BundleFile(
        topic,
        partition,
        records,
        first,
        last,
        Files.size(path),
        HexFormat.of().formatHex(sha256.digest()));
  }

  @Override
  public void close() throws IOException {
    entries.close();
  }
}
