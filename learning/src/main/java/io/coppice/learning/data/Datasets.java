package io.coppice.learning.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Opens a directory of published data by the names of the files in it. */
public final class Datasets {

  /** MNIST and what is made in its image: Fashion-MNIST, Kuzushiji-MNIST. */
  private static final int IDX_CLASSES = 10;

  private Datasets() {}

  /**
   * How the readers of published data scale pixels, by what the images of a data set have in common: a run's definition says no
   * more of its data than that. CIFAR-10 and FEMNIST are the only such data of their shape and number of classes; all others are
   * not scaled.
   */
  public static PixelScaling scaling(Dataset.Shape shape) {
    if (shape.equals(Cifar10Reader.SHAPE)) {
      return Cifar10Reader.SCALING;
    }
    return shape.equals(LeafReader.SHAPE)
        ? LeafReader.SCALING
        : PixelScaling.none(shape.channels());
  }

  /**
   * Reads one part of a data set. Known are
   *
   * <ul>
   *   <li>IDX as MNIST comes ({@link IdxReader}): {@code train-images-idx3-ubyte} and {@code train-labels-idx1-ubyte}, {@code
   *       t10k-...} for the test part; labels 0 to 9
   *   <li>CIFAR-10 ({@link Cifar10Reader}): {@code data_batch_*.bin}, {@code test_batch.bin}
   *   <li>LEAF's FEMNIST ({@link LeafReader}): {@code train/*.json}, {@code test/*.json}
   * </ul>
   *
   * each plain or with {@code .gz} behind its name.
   *
   * @throws DataFormatException if the directory holds none of these, or a file is not what its name says
   */
  public static Dataset open(Path directory, Split split) {
    if (!Files.isDirectory(directory)) {
      throw new DataFormatException("There is no directory " + directory + ".");
    }
    boolean train = split == Split.TRAIN;
    String images = (train ? "train" : "t10k") + "-images-idx3-ubyte";
    String labels = (train ? "train" : "t10k") + "-labels-idx1-ubyte";
    Optional<Path> imageFile = DataFiles.find(directory, images);
    if (imageFile.isPresent()) {
      Path labelFile =
          DataFiles.find(directory, labels)
              .orElseThrow(
                  () ->
                      new DataFormatException(
                          String.format("%s has no %s beside it.", imageFile.get(), labels)));
      return IdxReader.read(imageFile.get(), labelFile, IDX_CLASSES);
    }
    String batches = train ? "data_batch_*.bin" : "test_batch.bin";
    List<Path> batchFiles = DataFiles.list(directory, batches);
    if (!batchFiles.isEmpty()) {
      return Cifar10Reader.read(batchFiles);
    }
    String leaf = train ? "train" : "test";
    List<Path> leafFiles = DataFiles.list(directory.resolve(leaf), "*.json");
    if (!leafFiles.isEmpty()) {
      return LeafReader.read(leafFiles);
    }
    throw new DataFormatException(
        String.format(
            "%s holds no data set: looked for %s and %s (IDX, as MNIST), %s (CIFAR-10) and %s/*.json (LEAF), each with or without .gz.",
            directory, images, labels, batches, leaf));
  }
}
