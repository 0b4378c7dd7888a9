package io.coppice.learning.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Reads images in IDX form, as MNIST and the data sets in its image come: a big-endian header (magic number, size of every
 * dimension), then one byte a value, row-major. Ink is 255 and becomes 1.
 */
public final class IdxReader {

  private static final int IMAGES_MAGIC = 0x0803;
  private static final int LABELS_MAGIC = 0x0801;

  private IdxReader() {}

  /**
   * Reads grey images and their labels.
   *
   * @param images an idx3-ubyte file, plain or gzip
   * @param labels an idx1-ubyte file of as many entries, plain or gzip
   * @param classes labels must be in [0, classes)
   * @throws DataFormatException if a file cannot be read, is another kind of file, is too short or too long, if the files do
   *     not belong together, or a label is out of range
   */
  public static Dataset read(Path images, Path labels, int classes) {
    Idx pixels = idx(images, IMAGES_MAGIC, 3, "images (idx3-ubyte)");
    Idx labelled = idx(labels, LABELS_MAGIC, 1, "labels (idx1-ubyte)");
    if (pixels.sizes()[0] != labelled.sizes()[0]) {
      throw new DataFormatException(
          String.format(
              "%s holds %d images, but %s holds %d labels.",
              images, pixels.sizes()[0], labels, labelled.sizes()[0]));
    }
    int[] values = new int[labelled.bytes().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = labelled.bytes()[i] & 0xff;
      if (values[i] >= classes) {
        throw new DataFormatException(
            String.format(
                "%s: label %d is %d, which is not in 0 to %d.", labels, i, values[i], classes - 1));
      }
    }
    return Dataset.ofBytes(
        new Dataset.Shape(1, pixels.sizes()[1], pixels.sizes()[2], classes),
        pixels.bytes(),
        values);
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Idx(int[] sizes, byte[] bytes) {}

  private static Idx idx(Path file, int magic, int dimensions, String what) {
    try (InputStream in = DataFiles.open(file)) {
      ByteBuffer header = ByteBuffer.wrap(in.readNBytes(4 + 4 * dimensions));
      if (header.remaining() < 4 || header.getInt() != magic) {
        throw new DataFormatException(
            String.format("%s does not begin as a file of %s does.", file, what));
      }
      if (header.remaining() < 4 * dimensions) {
        throw truncated(file, header.limit(), 4 + 4 * dimensions);
      }
      int[] sizes = new int[dimensions];
      long length = 1;
      for (int d = 0; d < dimensions; d++) {
        sizes[d] = header.getInt();
        length = sizes[d] < 1 ? -1 : length * sizes[d];
        if (length < 1 || length > Integer.MAX_VALUE - 8) {
          throw new DataFormatException(
              String.format(
                  "%s announces sizes of %s, which must be above 0 and below 2 GiB in all.",
                  file, Arrays.toString(Arrays.copyOf(sizes, d + 1))));
        }
      }
      byte[] bytes = in.readNBytes((int) length);
      if (bytes.length < length) {
        throw truncated(file, bytes.length, length);
      }
      if (in.read() >= 0) {
        throw new DataFormatException(
            String.format("%s is longer than the %d values that it announces.", file, length));
      }
      return new Idx(sizes, bytes);
    } catch (EOFException e) {
      throw new DataFormatException(file + " is truncated: its gzip data end too early.", e);
    } catch (IOException e) {
      throw DataFiles.unreadable(file, e);
    }
  }

  private static DataFormatException truncated(Path file, long found, long expected) {
    return new DataFormatException(
        String.format("%s is truncated: %d bytes where %d should be.", file, found, expected));
  }
}
