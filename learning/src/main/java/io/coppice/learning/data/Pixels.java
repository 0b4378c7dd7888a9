package io.coppice.learning.data;

/** Where the images of a data set lie in memory. */
interface Pixels {

  /** Writes an image's values, in [0, 1], to {@code target} from {@code offset} on. */
  void copy(int image, float[] target, int offset);

  /**
   * One byte a value, 255 meaning 1, as a file has them: every image is {@code imageSize} bytes long, and the first one begins
   * at {@code start}, the next one {@code stride} bytes later.
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record OfBytes(byte[] bytes, int start, int stride, int imageSize) implements Pixels {

    private static final float[] VALUES = values();

    private static float[] values() {
      float[] values = new float[256];
      for (int i = 0; i < 256; i++) {
        values[i] = i / 255f;
      }
      return values;
    }

    @Override
    public void copy(int image, float[] target, int offset) {
      int from = start + image * stride;
      for (int i = 0; i < imageSize; i++) {
        target[offset + i] = VALUES[bytes[from + i] & 0xff];
      }
    }
  }

  /** One array an image, for data that come as fractions. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record OfFloats(float[][] images) implements Pixels {

    @Override
    public void copy(int image, float[] target, int offset) {
      System.arraycopy(images[image], 0, target, offset, images[image].length);
    }
  }
}
