package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterLayout;
import java.util.List;

/**
 * A network by name for a shape of input and a number of classes: what a run says about its model.
 *
 * @param network {@code conv2}, {@code conv4}, {@code dscnn}, {@code lenet5}, {@code mlp}, {@code resnet18} or {@code vgg11}
 * @param channels channels of an input image, at least 1
 * @param height rows of an input image
 * @param width columns of an input image
 * @param classes at least 2
 */
public record Architecture(String network, int channels, int height, int width, int classes) {

  /**
   * @throws IllegalArgumentException if the network is unknown, there are fewer than 2 classes, or the input is too small for
   *     the network
   */
  public Architecture {
    if (!Networks.BY_NAME.containsKey(network)) {
      throw new IllegalArgumentException(
          String.format(
              "There is no network \"%s\": choose one of %s.",
              network, String.join(", ", Networks.BY_NAME.keySet())));
    }
    if (classes < 2) {
      throw new IllegalArgumentException(
          "A classifier needs at least 2 classes, not " + classes + ".");
    }
    if (channels < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          String.format(
              "Images need at least 1 channel, row and column, not %d x %d x %d.",
              channels, height, width));
    }
    try {
      stack(network, channels, height, width, classes);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          String.format(
              "Images of %d x %d pixels do not fit network %s: %s.",
              height, width, network, e.getMessage()),
          e);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          String.format(
              "Network %s would have more than %d parameters for images of %d x %d x %d and %d"
                  + " classes.",
              network, Integer.MAX_VALUE, channels, height, width, classes),
          e);
    }
  }

  /** The names of all networks, in alphabetical order. */
  public static List<String> networks() {
    return List.copyOf(Networks.BY_NAME.keySet());
  }

  /** The same as the constructor. */
  public static Architecture of(String network, int channels, int height, int width, int classes) {
    return new Architecture(network, channels, height, width, classes);
  }

  /** The layers. */
  public LayerStack stack() {
    return stack(network, channels, height, width, classes);
  }

  /** The parameters' order. */
  public ParameterLayout layout() {
    return stack().layout();
  }

  /** For every prunable layer the number of output positions: height x width of a convolution's output, 1 for a linear layer. */
  public int[] outputPositions() {
    return stack().outputPositions();
  }

  private static LayerStack stack(
      String network, int channels, int height, int width, int classes) {
    Shape input = new Shape(channels, height, width);
    return new LayerStack(input, Networks.BY_NAME.get(network).apply(input, classes));
  }
}
