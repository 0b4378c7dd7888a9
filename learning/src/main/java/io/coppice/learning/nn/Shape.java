package io.coppice.learning.nn;

/**
 * The shape of one sample between two layers. A vector of features has height and width 1.
 *
 * @param channels channels or features, at least 1
 * @param height in pixels, at least 1
 * @param width in pixels, at least 1
 */
public record Shape(int channels, int height, int width) {

  /** Number of values. */
  public int size() {
    return Math.multiplyExact(Math.multiplyExact(channels, height), width);
  }

  /** Number of positions, height x width. */
  public int positions() {
    return Math.multiplyExact(height, width);
  }

  @Override
  public String toString() {
    return channels + " x " + height + " x " + width;
  }
}
