package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterLayout;
import java.util.List;

/**
 * What a layer is, independent of how it is computed: its parameters and the shape that it makes of its input. A kind of layer
 * is added by a record here and by its dense computation in {@link Network}.
 */
public sealed interface LayerSpec {

  /**
   * The shape of the layer's output.
   *
   * @throws IllegalArgumentException if the input is too small for the layer, or not of the rank that it needs
   */
  Shape output(Shape input);

  /** A layer with prunable weights and a bias. */
  sealed interface Parameterised extends LayerSpec {

    /** The layer's name in the parameter layout. */
    String name();

    /** Distribution of the initial weights. */
    KaimingUniform initialisation();

    /** Number of input values that one output is computed from. */
    int fanIn(Shape input);

    /** Number of output channels or features. */
    int outputs();

    /** Adds the layer's tensors, the weight before the bias. */
    void addTo(ParameterLayout.Builder layout, Shape input);
  }

  /**
   * A convolution with a square kernel and stride 1.
   *
   * @param outputs output channels
   * @param kernel height and width of the kernel
   * @param padding rows and columns of zeros on every side
   */
  record Convolution(
      String name, int outputs, int kernel, int padding, KaimingUniform initialisation)
      implements Parameterised {

    @Override
    public Shape output(Shape input) {
      int height = input.height() + 2 * padding - kernel + 1;
      int width = input.width() + 2 * padding - kernel + 1;
      if (height < 1 || width < 1) {
        throw new IllegalArgumentException(
            String.format(
                "layer %s cannot convolve %d x %d pixels with a kernel of %d x %d",
                name, input.height(), input.width(), kernel, kernel));
      }
      return new Shape(outputs, height, width);
    }

    @Override
    public int fanIn(Shape input) {
      return input.channels() * kernel * kernel;
    }

    @Override
    public void addTo(ParameterLayout.Builder layout, Shape input) {
      layout.weight(name, List.of(outputs, input.channels(), kernel, kernel)).bias(name, outputs);
    }
  }

  /**
   * A fully connected layer.
   *
   * @param outputs output features
   */
  record Linear(String name, int outputs, KaimingUniform initialisation) implements Parameterised {

    @Override
    public Shape output(Shape input) {
      if (input.positions() != 1) {
        throw new IllegalArgumentException(
            String.format("layer %s needs a flat input, not %s", name, input));
      }
      return new Shape(outputs, 1, 1);
    }

    @Override
    public int fanIn(Shape input) {
      return input.channels();
    }

    @Override
    public void addTo(ParameterLayout.Builder layout, Shape input) {
      layout.weight(name, List.of(outputs, input.channels())).bias(name, outputs);
    }
  }

  /** max(x, 0). */
  record Relu() implements LayerSpec {

    @Override
    public Shape output(Shape input) {
      return input;
    }
  }

  /**
   * The maximum of non-overlapping squares; rows and columns that do not fill a square are left out.
   *
   * @param size height and width of a square
   */
  record MaxPool(int size) implements LayerSpec {

    @Override
    public Shape output(Shape input) {
      if (input.height() < size || input.width() < size) {
        throw new IllegalArgumentException(
            String.format(
                "there are no squares of %d x %d in %d x %d pixels to pool",
                size, size, input.height(), input.width()));
      }
      return new Shape(input.channels(), input.height() / size, input.width() / size);
    }
  }

  /** Channels, rows and columns as one vector of features, the channel varying slowest. */
  record Flatten() implements LayerSpec {

    @Override
    public Shape output(Shape input) {
      return new Shape(input.size(), 1, 1);
    }
  }
}
