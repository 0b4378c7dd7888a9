package io.coppice.learning.data;

import java.util.Objects;

/**
 * Labelled images of one size. Immutable; a subset is a view that shares the pixels.
 *
 * <p>Values are in [0, 1], those of CIFAR-10 normalised by channel, in the order channel, row, column, which is how the networks take them.
 */
public final class Dataset {

  private final Shape shape;
  private final Pixels pixels;
  private final int[] labels;
  private final int[] writers;

  /** The images of this view as indices into pixels, labels and writers; null for all of them. */
  private final int[] view;

  /**
   * What every image of a data set has in common.
   *
   * @param channels 1 for grey, 3 for red, green, blue
   * @param height rows
   * @param width columns
   * @param classes labels are in [0, classes)
   */
  public record Shape(int channels, int height, int width, int classes) {

    public Shape {
      if (channels < 1 || height < 1 || width < 1 || classes < 1) {
        throw new IllegalArgumentException(
            String.format(
                "Images have at least 1 channel, row, column and class, not %d x %d x %d in %d classes.",
                channels, height, width, classes));
      }
    }

    /** Values in an image. */
    public int imageSize() {
      return channels * height * width;
    }
  }

  Dataset(Shape shape, Pixels pixels, int[] labels, int[] writers) {
    this(shape, pixels, labels, writers, null);
  }

  private Dataset(Shape shape, Pixels pixels, int[] labels, int[] writers, int[] view) {
    this.shape = shape;
    this.pixels = pixels;
    this.labels = labels;
    this.writers = writers;
    this.view = view;
  }

  /**
   * Images of one byte a value, 255 meaning 1.
   *
   * @param pixels image after image, each channel, row, column; not copied, so the caller gives it away
   * @param labels one label an image
   * @throws IllegalArgumentException if the arrays do not fit each other or a label is out of range
   */
  public static Dataset ofBytes(Shape shape, byte[] pixels, int[] labels) {
    if (pixels.length != (long) labels.length * shape.imageSize()) {
      throw new IllegalArgumentException(
          String.format(
              "%d labels need %d bytes of images, not %d.",
              labels.length, (long) labels.length * shape.imageSize(), pixels.length));
    }
    checkLabels(labels, shape.classes());
    return new Dataset(
        shape,
        Pixels.OfBytes.fractions(pixels, 0, shape.imageSize(), shape.imageSize()),
        labels.clone(),
        null);
  }

  /**
   * Images of one float a value, with the person who wrote each.
   *
   * @param images one array of {@code imageSize} values in [0, 1] an image, each channel, row, column; not copied, so the
   *     caller gives them away
   * @param labels one label an image
   * @param writers one number from 0 an image; null where the writers are not known
   * @throws IllegalArgumentException if the arrays do not fit each other or a label is out of range
   */
  public static Dataset ofFloats(Shape shape, float[][] images, int[] labels, int[] writers) {
    if (images.length != labels.length || (writers != null && writers.length != labels.length)) {
      throw new IllegalArgumentException(
          String.format(
              "%d labels need as many images and writers, not %d and %s.",
              labels.length, images.length, writers == null ? "none" : writers.length));
    }
    for (int i = 0; i < images.length; i++) {
      if (images[i].length != shape.imageSize()) {
        throw new IllegalArgumentException(
            String.format(
                "Image %d has %d values instead of %d.", i, images[i].length, shape.imageSize()));
      }
    }
    checkLabels(labels, shape.classes());
    return new Dataset(
        shape,
        new Pixels.OfFloats(images.clone()),
        labels.clone(),
        writers == null ? null : writers.clone());
  }

  private static void checkLabels(int[] labels, int classes) {
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new IllegalArgumentException(
            String.format(
                "Image %d has label %d, which is not in 0 to %d.", i, labels[i], classes - 1));
      }
    }
  }

  /** Number of images. */
  public int size() {
    return view == null ? labels.length : view.length;
  }

  /** Channels of an image: 1 for grey, 3 for red, green, blue. */
  public int channels() {
    return shape.channels();
  }

  /** Rows of an image. */
  public int height() {
    return shape.height();
  }

  /** Columns of an image. */
  public int width() {
    return shape.width();
  }

  /** Values in an image: channels x height x width. */
  public int imageSize() {
    return shape.imageSize();
  }

  /** Number of classes; labels are in [0, classes). */
  public int classes() {
    return shape.classes();
  }

  /** What every image has in common. */
  public Shape shape() {
    return shape;
  }

  /**
   * An image's label.
   *
   * @throws IndexOutOfBoundsException if there is no such image
   */
  public int label(int index) {
    return labels[at(index)];
  }

  /**
   * Writes an image's {@link #imageSize} values in the order channel, row, column.
   *
   * @param target takes the values from index {@code offset} on
   * @throws IndexOutOfBoundsException if there is no such image, or {@code target} is too short
   */
  public void copyImage(int index, float[] target, int offset) {
    pixels.copy(at(index), target, offset);
  }

  /** Whether it is known who wrote each image. */
  public boolean knowsWriters() {
    return writers != null;
  }

  /**
   * Who wrote an image, as a number from 0; a subset keeps the numbers.
   *
   * @throws IllegalStateException if the data do not know their writers
   */
  public int writer(int index) {
    return knownWriters()[at(index)];
  }

  /**
   * Number of writers of the whole data set that this is, or is a subset of: one more than the highest writer's number.
   *
   * @throws IllegalStateException if the data do not know their writers
   */
  public int writers() {
    int highest = -1;
    for (int writer : knownWriters()) {
      highest = Math.max(highest, writer);
    }
    return highest + 1;
  }

  private int[] knownWriters() {
    if (writers == null) {
      throw new IllegalStateException(
          "These data do not say who wrote an image; LEAF's data do (directories train and test of JSON files).");
    }
    return writers;
  }

  /**
   * A view of some of the images, in the given order; an image may occur more than once.
   *
   * @param indices indices into this data set
   * @throws IndexOutOfBoundsException if there is no such image
   */
  public Dataset subset(int[] indices) {
    int[] chosen = new int[indices.length];
    for (int i = 0; i < indices.length; i++) {
      chosen[i] = at(indices[i]);
    }
    return new Dataset(shape, pixels, labels, writers, chosen);
  }

  private int at(int index) {
    Objects.checkIndex(index, size());
    return view == null ? index : view[index];
  }

  @Override
  public String toString() {
    return String.format(
        "%d images of %d x %d x %d in %d classes",
        size(), channels(), height(), width(), classes());
  }
}
