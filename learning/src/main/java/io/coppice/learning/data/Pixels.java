package io.coppice.learning.data;

/** Where the images of a data set lie in memory. */
interface Pixels {

  /** Writes an image's values, in [0, 1] unless they are normalised, to {@code target} from {@code offset} on. */
  void copy(int image, float[] target, int offset);

  /**
   * One byte a value, as a file has them: every image is {@code imageSize} bytes long, and the first one begins at {@code start},
   * the next one {@code stride} bytes later.
   *
   * @param values for every channel of an image what its 256 bytes mean
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record OfBytes(byte[] bytes, int start, int stride, int imageSize, float[][] values)
      implements Pixels {

    /** As fractions of 255. */
    static OfBytes fractions(byte[] bytes, int start, int stride, int imageSize) {
      return scaled(bytes, start, stride, imageSize, PixelScaling.none(1));
    }

    /**
     * As fractions of 255, scaled.
     *
     * @param scaling by channel; of one channel for all channels alike
     */
    static OfBytes scaled(
        byte[] bytes, int start, int stride, int imageSize, PixelScaling scaling) {
      float[][] values = new float[scaling.means().size()][256];
      for (int c = 0; c < values.length; c++) {
        for (int i = 0; i < 256; i++) {
          values[c][i] = scaling.value(c, i / 255f);
        }
      }
      return new OfBytes(bytes, start, stride, imageSize, values);
    }

    @Override
    public void copy(int image, float[] target, int offset) {
      int from = start + image * stride;
      int plane = imageSize / values.length;
      for (int i = 0; i < imageSize; i += plane) {
        float[] meaning = values[i / plane];
        for (int j = i; j < i + plane; j++) {
          target[offset + j] = meaning[bytes[from + j] & 0xff];
        }
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
