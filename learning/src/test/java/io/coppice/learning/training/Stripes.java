package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import java.util.Random;

/** Small noisy images in three classes that are easy to tell apart: bright rows, bright columns, a bright centre. */
final class Stripes {

  static final int SIDE = 12;
  static final int CLASSES = 3;

  private Stripes() {}

  static Dataset images(int count, long seed) {
    Random random = new Random(seed);
    byte[] pixels = new byte[count * SIDE * SIDE];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = random.nextInt(CLASSES);
      for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
          boolean bright =
              switch (labels[i]) {
                case 0 -> y % 4 < 2;
                case 1 -> x % 4 < 2;
                default -> y > 3 && y < 8 && x > 3 && x < 8;
              };
          pixels[(i * SIDE + y) * SIDE + x] =
              (byte) ((bright ? 120 : 0) + random.nextInt(bright ? 136 : 100));
        }
      }
    }
    return Dataset.ofBytes(new Dataset.Shape(1, SIDE, SIDE, CLASSES), pixels, labels);
  }
}
