package io.coppice.learning.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.nn.LayerSpec.AveragePool;
import io.coppice.learning.nn.LayerSpec.BatchNorm;
import io.coppice.learning.nn.LayerSpec.Convolution;
import io.coppice.learning.nn.LayerSpec.DepthwiseConvolution;
import io.coppice.learning.nn.LayerSpec.Flatten;
import io.coppice.learning.nn.LayerSpec.GlobalAveragePool;
import io.coppice.learning.nn.LayerSpec.Linear;
import io.coppice.learning.nn.LayerSpec.MaxPool;
import io.coppice.learning.nn.LayerSpec.Relu;
import io.coppice.learning.nn.LayerSpec.Residual;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ReferenceNetworkTest {

  private static final int CHANNELS = 3;
  private static final int SAMPLES = 2;
  private static final double STEP = 1e-7;

  /** Each kind of layer, in all variants of its geometry, for inputs of {@link #CHANNELS} channels. */
  static Stream<Arguments> layersAndShapes() {
    List<LayerSpec> layers =
        List.of(
            convolution("x", 4, 1, 1, 0, true),
            convolution("x", 4, 3, 1, 1, false),
            convolution("x", 2, 3, 2, 1, true),
            convolution("x", 2, 1, 2, 0, false),
            convolution("x", 2, 2, 2, 1, false),
            convolution("x", 3, 5, 3, 2, true),
            new DepthwiseConvolution("x", 3, 1, 1, true, KaimingUniform.DEFAULT),
            new DepthwiseConvolution("x", 3, 2, 1, false, KaimingUniform.DEFAULT),
            new DepthwiseConvolution("x", 2, 2, 0, false, KaimingUniform.DEFAULT),
            new BatchNorm("x"),
            new Relu(),
            new MaxPool(2),
            new MaxPool(2, 1, 0),
            new MaxPool(2, 3, 1),
            new MaxPool(3, 2, 1),
            new MaxPool(3, 1, 1),
            new AveragePool(2),
            new AveragePool(3),
            new GlobalAveragePool(),
            new Residual(block("x", CHANNELS, 1), List.of()),
            new Residual(
                block("x", 4, 2), List.of(convolution("y", 4, 1, 2, 0, false), new BatchNorm("z"))),
            new Residual(
                List.of(new Residual(block("x", CHANNELS, 1), List.of()), new Relu()),
                List.of(new MaxPool(3, 1, 1))));
    List<Shape> shapes =
        List.of(new Shape(CHANNELS, 5, 5), new Shape(CHANNELS, 6, 6), new Shape(CHANNELS, 4, 7));
    return layers.stream()
        .flatMap(layer -> shapes.stream().map(shape -> Arguments.of(layer, shape)));
  }

  private static Convolution convolution(
      String name, int outputs, int kernel, int stride, int padding, boolean bias) {
    return new Convolution(
        name, outputs, kernel, stride, padding, bias, true, KaimingUniform.DEFAULT);
  }

  private static List<LayerSpec> block(String prefix, int outputs, int stride) {
    return List.of(
        convolution(prefix + "1", outputs, 3, stride, 1, false),
        new BatchNorm(prefix + "2"),
        new Relu(),
        convolution(prefix + "3", outputs, 3, 1, 1, false),
        new BatchNorm(prefix + "4"));
  }

  /** A convolution before the layer shows the layer's gradient by its input. */
  @ParameterizedTest
  @MethodSource("layersAndShapes")
  void gradientsAreThoseOfFiniteDifferences(LayerSpec layer, Shape shape) {
    LayerStack stack =
        new LayerStack(
            shape,
            List.of(
                convolution("first", CHANNELS, 2, 1, 1, true),
                layer,
                new Flatten(),
                new Linear("last", 2, KaimingUniform.DEFAULT)));
    Random random = new Random(6);
    double[] parameters = normal(random, stack.layout().size());
    double[] images = normal(random, SAMPLES * shape.size());
    double[] logitGradient = normal(random, SAMPLES * 2);
    ReferenceNetwork network = new ReferenceNetwork(stack, parameters);
    network.forward(images);
    double[] gradient = network.backward(logitGradient);

    for (ParameterTensor tensor : stack.layout().tensors()) {
      for (int i = tensor.offset(); i < tensor.end(); i++) {
        double above = loss(stack, moved(parameters, i, STEP), images, logitGradient);
        double below = loss(stack, moved(parameters, i, -STEP), images, logitGradient);
        assertThat(gradient[i])
            .as("%s of %s, value %d", tensor.role(), tensor.layer(), i - tensor.offset())
            .isCloseTo((above - below) / (2 * STEP), within(2e-6 * (1 + Math.abs(gradient[i]))));
      }
    }
  }

  private static double[] moved(double[] parameters, int index, double by) {
    double[] moved = parameters.clone();
    moved[index] += by;
    return moved;
  }

  /** A loss that has the given gradient by the logits. */
  private static double loss(
      LayerStack stack, double[] parameters, double[] images, double[] logitGradient) {
    double[] logits = new ReferenceNetwork(stack, parameters).forward(images);
    return IntStream.range(0, logits.length).mapToDouble(i -> logits[i] * logitGradient[i]).sum();
  }

  private static double[] normal(Random random, int size) {
    double[] values = new double[size];
    Arrays.setAll(values, i -> random.nextGaussian());
    return values;
  }

  @Test
  void aConvolutionIsACrossCorrelationWithStrideAndPadding() {
    double[] kernel = {0, 0, 1, 0, 10, 0, 0, 0, 0};
    ReferenceNetwork network =
        network(new Shape(1, 3, 3), kernel, convolution("x", 1, 3, 2, 1, false));
    assertThat(network.infer(counting(9))).containsExactly(10, 30, 75, 90);
  }

  @Test
  void aConvolutionMixesChannelsAndADepthwiseOneDoesNot() {
    double[] images = {1, 2};
    Shape shape = new Shape(2, 1, 1);
    double[] weights = {3, 5, 7, 11};
    assertThat(network(shape, weights, convolution("x", 2, 1, 1, 0, false)).infer(images))
        .containsExactly(3 + 2 * 5, 7 + 2 * 11);
    double[] weightsAndBiases = {3, 5, 100, 200};
    assertThat(
            network(
                    shape,
                    weightsAndBiases,
                    new DepthwiseConvolution("x", 1, 1, 0, true, KaimingUniform.DEFAULT))
                .infer(images))
        .containsExactly(3 + 100, 2 * 5 + 200);
  }

  @Test
  void paddingIsNeverTheMaximum() {
    double[] negative = Arrays.stream(counting(16)).map(x -> -x).toArray();
    ReferenceNetwork network = network(new Shape(1, 4, 4), new double[0], new MaxPool(3, 2, 1));
    assertThat(network.infer(negative)).containsExactly(-1, -2, -5, -6);
  }

  @Test
  void averagesLeaveOutWhatDoesNotFillASquare() {
    assertThat(network(new Shape(1, 5, 5), new double[0], new AveragePool(2)).infer(counting(25)))
        .containsExactly(4, 6, 14, 16);
    assertThat(
            network(new Shape(2, 1, 3), new double[0], new GlobalAveragePool())
                .infer(new double[] {1, 2, 6, 0, 0, 3}))
        .containsExactly(3, 1);
  }

  @Test
  void aResidualBlockAddsBodyAndShortcut() {
    Shape shape = new Shape(1, 1, 2);
    double[] x = {-1, 2};
    assertThat(network(shape, new double[0], new Residual(List.of(new Relu()), List.of())).infer(x))
        .containsExactly(-1, 4);
    assertThat(
            network(
                    shape,
                    new double[] {3, 5},
                    new Residual(
                        List.of(convolution("body", 1, 1, 1, 0, false)),
                        List.of(convolution("shortcut", 1, 1, 1, 0, false), new Relu())))
                .infer(x))
        .containsExactly(-3, 6 + 10);
  }

  /** Channel 0 has the values 1, 2, 3, 6: mean 3, variance 3.5, unbiased 14/3. Channel 1 is 0 throughout. */
  @Test
  void batchNormalisationUsesTheBatchInTrainingAndWhatItSawInInference() {
    double[] scaleBiasMeanVariance = {2, 1, 1, 7, 10, 0, 4, 1};
    ReferenceNetwork network =
        network(new Shape(2, 1, 2), scaleBiasMeanVariance, new BatchNorm("x"));
    double[] images = {1, 2, 0, 0, 3, 6, 0, 0};
    double[] expected = new double[8];
    Arrays.setAll(expected, i -> i % 4 > 1 ? 7 : 1 + 2 * (images[i] - 3) / Math.sqrt(3.5 + 1e-5));
    assertThat(network.forward(images)).containsExactly(expected, within(1e-12));

    double mean = 0.9 * 10 + 0.1 * 3;
    double variance = 0.9 * 4 + 0.1 * 14 / 3;
    assertThat(network.parameters())
        .containsExactly(new double[] {2, 1, 1, 7, mean, 0, variance, 0.9}, within(1e-12));

    Arrays.setAll(
        expected, i -> i % 4 > 1 ? 7 : 1 + 2 * (images[i] - mean) / Math.sqrt(variance + 1e-5));
    assertThat(network.infer(images)).containsExactly(expected, within(1e-12));
    assertThat(network.parameters()[4]).isEqualTo(mean);
  }

  @Test
  void oneValueAChannelCannotBeNormalisedInTraining() {
    ReferenceNetwork network =
        network(new Shape(1, 1, 1), new double[] {1, 0, 0, 1}, new BatchNorm("x"));
    assertThat(network.infer(new double[] {3})).hasSize(1);
    assertThatThrownBy(() -> network.forward(new double[] {3}))
        .hasMessageContaining("1 value a channel");
  }

  private static ReferenceNetwork network(Shape shape, double[] parameters, LayerSpec... layers) {
    LayerStack stack = new LayerStack(shape, List.of(layers));
    assertThat(stack.layout().size()).isEqualTo(parameters.length);
    return new ReferenceNetwork(stack, parameters);
  }

  private static double[] counting(int size) {
    return IntStream.rangeClosed(1, size).asDoubleStream().toArray();
  }
}
