package io.coppice.console.bench;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.random.SplitMix64;

/** Synthetic images: every class is a bright blob in a place of its own, over noise. */
final class Blobs {

  private static final int NOISE = 64;

  private Blobs() {}

  /** Draws {@code count} images; their labels go round the classes. */
  static Dataset images(Dataset.Shape shape, int count, long seed) {
    SplitMix64 random = new SplitMix64(seed);
    byte[] pixels = new byte[Math.multiplyExact(count, shape.imageSize())];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % shape.classes();
      draw(shape, labels[i], random, pixels, i * shape.imageSize());
    }
    return Dataset.ofBytes(shape, pixels, labels);
  }

  /** The blobs' centres lie on a circle round the middle; a blob fades with the square of the distance from its centre. */
  private static void draw(
      Dataset.Shape shape, int label, SplitMix64 random, byte[] pixels, int offset) {
    double angle = 2 * StrictMath.PI * label / shape.classes();
    double centreY = shape.height() * (0.5 + 0.3 * StrictMath.sin(angle));
    double centreX = shape.width() * (0.5 + 0.3 * StrictMath.cos(angle));
    double radius = Math.min(shape.height(), shape.width()) / 5.0;
    int next = offset;
    for (int c = 0; c < shape.channels(); c++) {
      for (int y = 0; y < shape.height(); y++) {
        for (int x = 0; x < shape.width(); x++) {
          double dy = (y - centreY) / radius;
          double dx = (x - centreX) / radius;
          double bright = (255 - NOISE) * Math.max(0, 1 - dy * dy - dx * dx);
          pixels[next++] = (byte) ((int) bright + random.nextInt(NOISE));
        }
      }
    }
  }
}
