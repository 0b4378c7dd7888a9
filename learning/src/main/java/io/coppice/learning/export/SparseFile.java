package io.coppice.learning.export;

import io.coppice.learning.data.DataFormatException;
import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Models as files of what is active (docs/model-files.md):
 *
 * <pre>
 * 8 bytes    89 'C' 'P' 'S' 0D 0A 1A 0A, as PNG begins: a transfer as text destroys it
 * uint32     version of the format, 1; numbers are little-endian
 * uint32     bytes of the header
 * header     JSON, UTF-8: where the model comes from, its network, its tensors in layout order ({@link SparseHeader})
 * tensors    of each, if it is masked, the bitmap of its active weights as {@link Mask#bitmap} has it; then their values, float32
 * 32 bytes   SHA-256 of all before
 * </pre>
 *
 * <p>A model gives the same bytes wherever and whenever the same version of Coppice writes it.
 */
public final class SparseFile {

  private static final byte[] MAGIC = {(byte) 0x89, 'C', 'P', 'S', '\r', '\n', 0x1a, '\n'};
  private static final int VERSION = 1;
  private static final int PREFIX_BYTES = MAGIC.length + 2 * Integer.BYTES;
  private static final int DIGEST_BYTES = 32;
  private static final int BUFFER = 1 << 16;

  /** Values that are encoded or decoded at once. */
  private static final int BLOCK = 1 << 16;

  private SparseFile() {}

  /**
   * Writes a model.
   *
   * @param coppiceVersion what writes it
   * @throws IOException if the file cannot be written
   */
  public static void write(TrainedModel model, String coppiceVersion, Path file)
      throws IOException {
    byte[] header = SparseHeader.bytes(model, coppiceVersion);
    MessageDigest digest = sha256();
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), BUFFER)) {
      DigestOutputStream digested = new DigestOutputStream(out, digest);
      digested.write(MAGIC);
      digested.write(littleEndian(2 * Integer.BYTES).putInt(VERSION).putInt(header.length).array());
      digested.write(header);
      writeTensors(model, digested);
      out.write(digest.digest());
    }
  }

  private static void writeTensors(TrainedModel model, OutputStream out) throws IOException {
    Mask mask = model.mask();
    float[] active = mask.gather(model.parameters());
    int next = 0;
    int layer = 0;
    for (ParameterTensor tensor : model.layout().tensors()) {
      int count = tensor.size();
      if (tensor.prunable()) {
        count = mask.kept(layer);
        if (count < tensor.size()) {
          out.write(mask.bitmap(layer));
        }
        layer++;
      }
      for (int end = next + count; next < end; ) {
        int block = Math.min(BLOCK, end - next);
        out.write(Encoding.FLOAT32.encode(active, next, block).array());
        next += block;
      }
    }
  }

  /**
   * Reads a model. Its pruned parameters are 0.
   *
   * @throws DataFormatException if the file cannot be read, is of another kind or of another version, is damaged, or does not
   *     hold what its header says
   */
  public static TrainedModel read(Path file) {
    try {
      long size = Files.size(file);
      try (InputStream in = open(file)) {
        checkKind(in, file);
      }
      checkDigest(size, file);
      try (InputStream in = open(file)) {
        return read(in, size, file);
      }
    } catch (NoSuchFileException e) {
      throw new DataFormatException("There is no file " + file + ".", e);
    } catch (IOException e) {
      throw new DataFormatException(file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }

  private static InputStream open(Path file) throws IOException {
    return new BufferedInputStream(Files.newInputStream(file), BUFFER);
  }

  private static void checkKind(InputStream in, Path file) throws IOException {
    if (!Arrays.equals(in.readNBytes(MAGIC.length), MAGIC)) {
      throw new DataFormatException(
          file + " is no sparse model file of Coppice: it does not begin as one.");
    }
    byte[] version = in.readNBytes(Integer.BYTES);
    if (version.length < Integer.BYTES) {
      throw damaged(file);
    }
    int found = littleEndian(version).getInt();
    if (found != VERSION) {
      throw new DataFormatException(
          String.format(
              "%s is a sparse model file of version %s; version %d can be read.",
              file, Integer.toUnsignedString(found), VERSION));
    }
  }

  /** Before anything in the file is believed. */
  private static void checkDigest(long size, Path file) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = open(file)) {
      byte[] buffer = new byte[BUFFER];
      for (long left = size - DIGEST_BYTES; left > 0; ) {
        int count = in.read(buffer, 0, (int) Math.min(left, buffer.length));
        if (count < 0) {
          throw damaged(file);
        }
        digest.update(buffer, 0, count);
        left -= count;
      }
      if (size < PREFIX_BYTES + DIGEST_BYTES
          || !Arrays.equals(in.readAllBytes(), digest.digest())) {
        throw damaged(file);
      }
    }
  }

  private static DataFormatException damaged(Path file) {
    return new DataFormatException(
        file + " is damaged: it was cut off or changed, for its SHA-256 is not what it ends with.");
  }

  private static TrainedModel read(InputStream in, long size, Path file) throws IOException {
    in.skipNBytes(MAGIC.length + Integer.BYTES);
    long headerBytes = Integer.toUnsignedLong(littleEndian(in.readNBytes(Integer.BYTES)).getInt());
    long room = size - PREFIX_BYTES - DIGEST_BYTES;
    if (headerBytes > room) {
      throw new DataFormatException(
          String.format(
              "%s: a header of %d bytes is announced, but there are %d.", file, headerBytes, room));
    }
    SparseHeader header = SparseHeader.read(in.readNBytes((int) headerBytes), file.toString());
    if (header.bodyBytes() != room - headerBytes) {
      throw new DataFormatException(
          String.format(
              "%s holds %d bytes of tensors where %d should be.",
              file, room - headerBytes, header.bodyBytes()));
    }
    float[] parameters = new float[header.layout().size()];
    List<BitSet> masks = new ArrayList<>();
    for (SparseHeader.Entry entry : header.tensors()) {
      BitSet bits = readBits(in, entry, file);
      if (entry.tensor().prunable()) {
        masks.add(bits);
      }
      readValues(in, entry, bits, parameters);
    }
    return header.model(Mask.of(header.layout(), masks), parameters);
  }

  private static BitSet readBits(InputStream in, SparseHeader.Entry entry, Path file)
      throws IOException {
    BitSet bits = new BitSet();
    if (!entry.masked()) {
      bits.set(0, entry.tensor().size());
      return bits;
    }
    bits = BitSet.valueOf(readNBytes(in, entry.bitmapBytes()));
    if (bits.cardinality() != entry.active() || bits.length() > entry.tensor().size()) {
      throw new DataFormatException(
          String.format(
              "%s: the bitmap of %s does not have %d of %d weights active, as the header says.",
              file, entry.tensor().name(), entry.active(), entry.tensor().size()));
    }
    return bits;
  }

  private static void readValues(
      InputStream in, SparseHeader.Entry entry, BitSet bits, float[] parameters)
      throws IOException {
    float[] active = new float[entry.active()];
    for (int from = 0; from < active.length; from += BLOCK) {
      int block = Math.min(BLOCK, active.length - from);
      ByteBuffer bytes = ByteBuffer.wrap(readNBytes(in, block * Float.BYTES));
      Encoding.FLOAT32.decode(bytes, active, from, block);
    }
    int next = 0;
    for (int i = bits.nextSetBit(0); i >= 0; i = bits.nextSetBit(i + 1)) {
      parameters[entry.tensor().offset() + i] = active[next++];
    }
  }

  private static byte[] readNBytes(InputStream in, int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new EOFException("it ends while it is read");
    }
    return bytes;
  }

  private static ByteBuffer littleEndian(int bytes) {
    return littleEndian(new byte[bytes]);
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
