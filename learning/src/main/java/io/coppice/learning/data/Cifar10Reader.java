package io.coppice.learning.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads CIFAR-10 in its binary form: an image is its label, then 1,024 bytes of red, of green and of blue, row-major
 * (Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009).
 */
public final class Cifar10Reader {

  static final Dataset.Shape SHAPE = new Dataset.Shape(3, 32, 32, 10);

  /** By the training images' red, green and blue, as fractions of 255: so PruneFL's authors normalise their inputs. */
  static final PixelScaling SCALING =
      new PixelScaling(List.of(0.4914f, 0.4822f, 0.4465f), List.of(0.2023f, 0.1994f, 0.2010f));

  private static final int RECORD = 1 + 3 * 32 * 32;

  private Cifar10Reader() {}

  /**
   * Reads batches as one data set.
   *
   * @param batches files, plain or gzip, in order
   * @throws DataFormatException if a file cannot be read, is not a whole number of images, or a label is out of range
   */
  public static Dataset read(List<Path> batches) {
    List<byte[]> contents = new ArrayList<>();
    long length = 0;
    for (Path batch : batches) {
      byte[] content = content(batch);
      contents.add(content);
      length += content.length;
    }
    if (length > Integer.MAX_VALUE - 8) {
      throw new DataFormatException("The batches of CIFAR-10 must stay below 2 GiB in all.");
    }
    byte[] records = new byte[(int) length];
    int next = 0;
    for (byte[] content : contents) {
      System.arraycopy(content, 0, records, next, content.length);
      next += content.length;
    }
    int[] labels = new int[records.length / RECORD];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = records[i * RECORD];
    }
    return new Dataset(
        SHAPE, Pixels.OfBytes.scaled(records, 1, RECORD, SHAPE.imageSize(), SCALING), labels, null);
  }

  private static byte[] content(Path batch) {
    byte[] content;
    try (InputStream in = DataFiles.open(batch)) {
      content = in.readAllBytes();
    } catch (EOFException e) {
      throw new DataFormatException(batch + " is truncated: its gzip data end too early.", e);
    } catch (IOException e) {
      throw DataFiles.unreadable(batch, e);
    }
    if (content.length == 0 || content.length % RECORD != 0) {
      throw new DataFormatException(
          String.format(
              "%s holds %d bytes, which is not a whole number of CIFAR-10's images of %d bytes.",
              batch, content.length, RECORD));
    }
    for (int i = 0; i < content.length; i += RECORD) {
      if (content[i] < 0 || content[i] >= SHAPE.classes()) {
        throw new DataFormatException(
            String.format(
                "%s: label %d is %d, which is not in 0 to %d.",
                batch, i / RECORD, content[i] & 0xff, SHAPE.classes() - 1));
      }
    }
    return content;
  }
}
