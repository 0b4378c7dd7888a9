package io.coppice.audit.bundle;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;

/**
 * The blocks of an Avro object container file without compression. Avro's own reader allocates whatever a block's header says;
 * this one is for files that somebody may have damaged or forged: no length is believed that the file, or the limit, does not have
 * room for.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#object-container-files">Avro specification, object container
 *     files</a>
 */
final class ContainerReader implements Closeable {

  /** No block may be longer: four times the largest record that a topic takes. */
  static final int MAX_BLOCK_BYTES = 64 << 20;

  private static final int MAX_HEADER_BYTES = 1 << 20;
  private static final byte[] MAGIC = {'O', 'b', 'j', 1};
  private static final int SYNC_BYTES = 16;
  private static final int MAX_VARINT_BYTES = 10;

  /**
   * A block.
   *
   * @param count number of entries
   * @param data begins with their binary encoding
   * @param length of their encoding
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Block(long count, byte[] data, int length) {}

  private final FileChannel file;
  private final long size;
  private final Schema schema;
  private final byte[] sync = new byte[SYNC_BYTES];
  private long position;

  /**
   * Opens a file.
   *
   * @throws IOException if it is missing, or does not begin as such a file does; the message is one clause
   */
  ContainerReader(Path path) throws IOException {
    file = FileChannel.open(path, StandardOpenOption.READ);
    try {
      size = file.size();
      ByteBuffer header = read(0, (int) Math.min(size, MAX_HEADER_BYTES));
      schema = readHeader(header);
      position = header.position();
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private Schema readHeader(ByteBuffer header) throws IOException {
    if (!Arrays.equals(take(header, MAGIC.length), MAGIC)) {
      throw new IOException("the file is no Avro object container file");
    }
    Map<String, byte[]> metadata = readMetadata(header);
    System.arraycopy(take(header, SYNC_BYTES), 0, sync, 0, SYNC_BYTES);
    String codec =
        text(metadata.getOrDefault("avro.codec", "null".getBytes(StandardCharsets.UTF_8)));
    if (!codec.equals("null") || !metadata.containsKey("avro.schema")) {
      throw new IOException("the file has no schema, or is compressed");
    }
    try {
      return new Schema.Parser().parse(text(metadata.get("avro.schema")));
    } catch (AvroRuntimeException e) {
      throw new IOException("the file's schema is no Avro schema", e);
    }
  }

  private static Map<String, byte[]> readMetadata(ByteBuffer header) throws IOException {
    Map<String, byte[]> metadata = new HashMap<>();
    for (long count = readLong(header); count != 0; count = readLong(header)) {
      if (count < 0) {
        count = -count;
        readLong(header); // the block's length, for those who skip it
      }
      for (long i = 0; i < count; i++) {
        metadata.put(text(take(header, readLong(header))), take(header, readLong(header)));
      }
    }
    return metadata;
  }

  private static String text(byte[] utf8) {
    return new String(utf8, StandardCharsets.UTF_8);
  }

  /** The schema that the entries were written with. */
  Schema schema() {
    return schema;
  }

  /**
   * The next block; empty at the end of the file. After a failure the reader stands where it stood.
   *
   * @throws IOException if there is none that is whole; the message is one clause
   */
  Optional<Block> next() throws IOException {
    if (position == size) {
      return Optional.empty();
    }
    ByteBuffer header = blockHeader();
    long count = readLong(header);
    long length = readLong(header);
    long start = position + header.position();
    check(count, length, start);
    ByteBuffer block = read(start, (int) length + SYNC_BYTES);
    if (!block.slice((int) length, SYNC_BYTES).equals(ByteBuffer.wrap(sync))) {
      throw new IOException("the marker behind the block is not the file's");
    }
    position = start + length + SYNC_BYTES;
    return Optional.of(new Block(count, block.array(), (int) length));
  }

  private void check(long count, long length, long start) throws IOException {
    if (length < 0 || length > MAX_BLOCK_BYTES) {
      throw new IOException("a block claims " + length + " bytes, and may have " + MAX_BLOCK_BYTES);
    }
    if (length + SYNC_BYTES > size - start) {
      throw new IOException("the file ends within a block");
    }
    if (count < 0 || count > length) {
      throw new IOException("a block of " + length + " bytes claims " + count + " entries");
    }
  }

  /**
   * The number that the next block's first entry begins with, as far as can be told of a damaged file.
   *
   * @return empty if there is no such number
   */
  OptionalLong firstNumber() {
    try {
      ByteBuffer header = blockHeader();
      readLong(header);
      readLong(header);
      return OptionalLong.of(readLong(header));
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  /**
   * Skips every block behind which another one begins with a number that is not above a bound: where entries begin with ascending
   * numbers, none of those skipped is above it.
   *
   * @return number of entries in the blocks that were skipped
   * @throws IOException if a block that was skipped is not whole
   */
  long skipUpTo(long bound) throws IOException {
    long skipped = 0;
    while (position < size) {
      ByteBuffer header = blockHeader();
      long count = readLong(header);
      long length = readLong(header);
      long start = position + header.position();
      check(count, length, start);
      long here = position;
      position = start + length + SYNC_BYTES;
      OptionalLong following = firstNumber();
      if (following.isEmpty() || following.getAsLong() > bound) {
        position = here;
        break;
      }
      skipped += count;
    }
    return skipped;
  }

  /** The first bytes of the next block: two numbers of its header and one more. */
  private ByteBuffer blockHeader() throws IOException {
    return read(position, (int) Math.min(size - position, 3 * MAX_VARINT_BYTES));
  }

  private ByteBuffer read(long from, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, from + bytes.position()) < 0) {
        throw new IOException("the file has become shorter");
      }
    }
    return bytes.flip();
  }

  private static byte[] take(ByteBuffer from, long length) throws IOException {
    if (length < 0 || length > from.remaining()) {
      throw new IOException("the file's header is damaged or cut");
    }
    byte[] bytes = new byte[(int) length];
    from.get(bytes);
    return bytes;
  }

  /**
   * Reads a zigzag varint.
   *
   * @throws IOException if the bytes end within it, or it is too long
   */
  static long readLong(ByteBuffer from) throws IOException {
    long raw = 0;
    for (int shift = 0; shift < 7 * MAX_VARINT_BYTES; shift += 7) {
      if (!from.hasRemaining()) {
        throw new IOException("the file ends within a number");
      }
      byte b = from.get();
      raw |= (b & 0x7fL) << shift;
      if (b >= 0) {
        return (raw >>> 1) ^ -(raw & 1);
      }
    }
    throw new IOException("a number has more than " + MAX_VARINT_BYTES + " bytes");
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
