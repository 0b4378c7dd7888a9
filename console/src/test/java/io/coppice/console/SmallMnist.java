package io.coppice.console;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The first images of the MNIST subset, as a directory of their own. */
public final class SmallMnist {

  private static final Path MNIST = Path.of("..", "data", "mnist");

  private SmallMnist() {}

  /** Writes IDX files with so many training and test images, and returns the directory. */
  public static Path write(Path directory, int train, int test) throws IOException {
    Files.createDirectories(directory);
    write(directory, "train", Datasets.open(MNIST, Split.TRAIN), train);
    write(directory, "t10k", Datasets.open(MNIST, Split.TEST), test);
    return directory;
  }

  private static void write(Path directory, String part, Dataset data, int count)
      throws IOException {
    try (DataOutputStream images = open(directory.resolve(part + "-images-idx3-ubyte"));
        DataOutputStream labels = open(directory.resolve(part + "-labels-idx1-ubyte"))) {
      images.writeInt(0x0803);
      images.writeInt(count);
      images.writeInt(data.height());
      images.writeInt(data.width());
      labels.writeInt(0x0801);
      labels.writeInt(count);
      float[] image = new float[data.imageSize()];
      for (int i = 0; i < count; i++) {
        data.copyImage(i, image, 0);
        for (float value : image) {
          images.writeByte(Math.round(value * 255));
        }
        labels.writeByte(data.label(i));
      }
    }
  }

  private static DataOutputStream open(Path file) throws IOException {
    return new DataOutputStream(new java.io.BufferedOutputStream(Files.newOutputStream(file)));
  }
}
