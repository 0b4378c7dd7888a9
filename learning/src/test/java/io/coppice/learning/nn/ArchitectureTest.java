package io.coppice.learning.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.model.ParameterTensor.Role;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArchitectureTest {

  @Test
  void conv2HasThePublishedSizes() {
    ParameterLayout ten = Architecture.of("conv2", 1, 28, 28, 10).layout();
    assertThat(ten.prunable().stream().map(ParameterTensor::layer))
        .containsExactly("conv1", "conv2", "fc1", "fc2");
    assertThat(ten.prunable().stream().map(ParameterTensor::size))
        .containsExactly(800, 51_200, 6_422_528, 20_480);
    assertThat(ten.size()).isEqualTo(6_497_162);
    assertThat(Architecture.of("conv2", 1, 28, 28, 62).layout().size()).isEqualTo(6_603_710);
    assertThat(Architecture.of("conv2", 1, 28, 28, 10).outputPositions())
        .containsExactly(784, 196, 1, 1);
  }

  @Test
  void lenet5HasTheClassicSizesForSmallAndLargeImages() {
    for (int side : List.of(28, 32)) {
      Architecture lenet = Architecture.of("lenet5", 1, side, side, 10);
      assertThat(lenet.layout().prunable().stream().map(ParameterTensor::shape))
          .containsExactly(
              List.of(6, 1, 5, 5),
              List.of(16, 6, 5, 5),
              List.of(120, 400),
              List.of(84, 120),
              List.of(10, 84));
      assertThat(lenet.layout().size()).isEqualTo(61_706);
      assertThat(lenet.outputPositions()).containsExactly(784, 100, 1, 1, 1);
    }
  }

  @Test
  void mlpIsLeNet300100() {
    assertThat(Architecture.of("mlp", 1, 28, 28, 10).layout().size()).isEqualTo(266_610);
  }

  /** The published counts are those of what is learned; running statistics come on top. */
  @ParameterizedTest
  @CsvSource({
    "conv2, 1, 28, 62, 6601504, 6603710, 0",
    "conv4, 3, 84, 2, 30816, 31202, 256",
    "vgg11, 3, 32, 10, 9747136, 9750922, 0",
    "resnet18, 3, 168, 100, 11046080, 11227812, 9600"
  })
  void theNetworksOfThePaperHaveThePublishedSizes(
      String network,
      int channels,
      int side,
      int classes,
      int prunable,
      int learned,
      int runningStatistics) {
    ParameterLayout layout = Architecture.of(network, channels, side, side, classes).layout();
    assertThat(layout.prunableSize()).isEqualTo(prunable);
    assertThat(size(layout, true)).isEqualTo(learned);
    assertThat(size(layout, false)).isEqualTo(runningStatistics);
  }

  private static int size(ParameterLayout layout, boolean learned) {
    return layout.tensors().stream()
        .filter(tensor -> tensor.role().learned() == learned)
        .mapToInt(ParameterTensor::size)
        .sum();
  }

  @Test
  void conv4PadsItsLastConvolutionsByTwo() {
    Architecture conv4 = Architecture.of("conv4", 3, 84, 84, 2);
    assertThat(conv4.layout().prunable().stream().map(ParameterTensor::layer))
        .containsExactly("conv1", "conv2", "conv3", "conv4", "fc");
    assertThat(conv4.layout().prunable().stream().map(ParameterTensor::size))
        .containsExactly(864, 9216, 9216, 9216, 2304);
    assertThat(conv4.outputPositions()).containsExactly(84 * 84, 42 * 42, 23 * 23, 13 * 13, 1);
    assertThat(conv4.stack().layers()).noneMatch(LayerSpec.Relu.class::isInstance);
  }

  @Test
  void vgg11HasEightConvolutionsAndThreeLinearLayers() {
    Architecture vgg11 = Architecture.of("vgg11", 3, 32, 32, 10);
    assertThat(vgg11.layout().prunable().stream().map(ParameterTensor::size))
        .containsExactly(
            1728, 73_728, 294_912, 589_824, 1_179_648, 2_359_296, 2_359_296, 2_359_296, 262_144,
            262_144, 5120);
    assertThat(vgg11.outputPositions()).containsExactly(1024, 256, 64, 64, 16, 16, 4, 4, 1, 1, 1);
  }

  @Test
  void resnet18PrunesAllConvolutionsButThoseOfTheShortcuts() {
    Architecture resnet = Architecture.of("resnet18", 3, 168, 168, 100);
    ParameterLayout layout = resnet.layout();
    assertThat(layout.prunable().stream().map(ParameterTensor::layer))
        .containsExactly(
            "conv1",
            "layer1.0.conv1",
            "layer1.0.conv2",
            "layer1.1.conv1",
            "layer1.1.conv2",
            "layer2.0.conv1",
            "layer2.0.conv2",
            "layer2.1.conv1",
            "layer2.1.conv2",
            "layer3.0.conv1",
            "layer3.0.conv2",
            "layer3.1.conv1",
            "layer3.1.conv2",
            "layer4.0.conv1",
            "layer4.0.conv2",
            "layer4.1.conv1",
            "layer4.1.conv2",
            "fc");
    assertThat(
            layout.tensors().stream()
                .filter(t -> t.layer().startsWith("layer2.0") && t.role() == Role.WEIGHT)
                .map(t -> t.layer() + t.shape() + (t.prunable() ? " prunable" : "")))
        .containsExactly(
            "layer2.0.conv1[128, 64, 3, 3] prunable",
            "layer2.0.bn1[128]",
            "layer2.0.conv2[128, 128, 3, 3] prunable",
            "layer2.0.bn2[128]",
            "layer2.0.downsample.0[128, 64, 1, 1]",
            "layer2.0.downsample.1[128]");
    assertThat(
            layout.tensors().stream()
                .filter(t -> t.role() == Role.BIAS && t.layer().contains("conv")))
        .isEmpty();
    assertThat(layout.tensors()).hasSize(62 + 40);
    assertThat(resnet.outputPositions())
        .containsExactly(
            7056, 1764, 1764, 1764, 1764, 441, 441, 441, 441, 121, 121, 121, 121, 36, 36, 36, 36,
            1);
  }

  @Test
  void dscnnSeparatesDepthFromSpace() {
    Architecture dscnn = Architecture.of("dscnn", 3, 32, 32, 10);
    assertThat(dscnn.layout().prunable().stream().map(ParameterTensor::shape))
        .containsExactly(
            List.of(64, 3, 3, 3),
            List.of(64, 1, 3, 3),
            List.of(64, 64, 1, 1),
            List.of(64, 1, 3, 3),
            List.of(64, 64, 1, 1),
            List.of(64, 1, 3, 3),
            List.of(64, 64, 1, 1),
            List.of(64, 1, 3, 3),
            List.of(64, 64, 1, 1),
            List.of(10, 64));
    assertThat(dscnn.outputPositions())
        .containsExactly(256, 256, 256, 256, 256, 256, 256, 256, 256, 1);
  }

  @ParameterizedTest
  @CsvSource({"conv4, 1, 28", "resnet18, 1, 28", "resnet18, 3, 32", "vgg11, 1, 70", "dscnn, 1, 5"})
  void otherImagesFitWhereTheyCan(String network, int channels, int side) {
    Architecture architecture = Architecture.of(network, channels, side, side + 1, 7);
    assertThat(architecture.stack().output()).isEqualTo(new Shape(7, 1, 1));
  }

  @Test
  void anUnknownNetworkIsAnsweredWithTheKnownOnes() {
    assertThatThrownBy(() -> Architecture.of("resnet", 1, 28, 28, 10))
        .hasMessage(
            "There is no network \"resnet\": choose one of conv2, conv4, dscnn, lenet5, mlp,"
                + " resnet18, vgg11.");
  }

  @Test
  void tooSmallInputsAndTooFewClassesAreRefused() {
    assertThatThrownBy(() -> Architecture.of("lenet5", 1, 28, 28, 1))
        .hasMessage("A classifier needs at least 2 classes, not 1.");
    assertThatThrownBy(() -> Architecture.of("lenet5", 1, 8, 28, 10))
        .hasMessage(
            "Images of 8 x 28 pixels do not fit network lenet5: layer conv2 cannot convolve 4 x 14"
                + " pixels with a kernel of 5 x 5.");
    assertThatThrownBy(() -> Architecture.of("vgg11", 1, 28, 28, 10))
        .hasMessage(
            "Images of 28 x 28 pixels do not fit network vgg11: there are no squares of 2 x 2 in"
                + " 1 x 1 pixels to pool.");
    assertThatThrownBy(() -> Architecture.of("mlp", 0, 28, 28, 10))
        .hasMessageContaining("at least 1 channel");
    assertThatThrownBy(() -> Architecture.of("conv2", 1, 2000, 2000, 10))
        .hasMessageContaining("more than 2147483647 parameters");
  }

  @Test
  void initialParametersFillTheRangeOfTheirLayer() {
    Architecture conv2 = Architecture.of("conv2", 1, 28, 28, 62);
    float[] parameters = InitialParameters.of(conv2, 11);
    // Bounds of the authors' code: 1/sqrt(fan in), or sqrt(6/outputs) for the weights of the linear
    // layers.
    double[] bounds = {
      0.2,
      0.2,
      1 / Math.sqrt(800),
      1 / Math.sqrt(800),
      0.05413,
      1 / Math.sqrt(3136),
      0.31109,
      1 / Math.sqrt(2048)
    };
    for (int t = 0; t < bounds.length; t++) {
      ParameterTensor tensor = conv2.layout().tensors().get(t);
      double[] values =
          IntStream.range(tensor.offset(), tensor.end()).mapToDouble(i -> parameters[i]).toArray();
      double highest =
          IntStream.range(0, values.length).mapToDouble(i -> values[i]).max().orElse(0);
      double lowest = IntStream.range(0, values.length).mapToDouble(i -> values[i]).min().orElse(0);
      double tolerance = bounds[t] * 24 / values.length + 1e-5; // 1 seed in 10,000 falls outside
      assertThat(highest).isCloseTo(bounds[t], within(tolerance)).isLessThan(bounds[t] + 1e-5);
      assertThat(lowest).isCloseTo(-bounds[t], within(tolerance)).isGreaterThan(-bounds[t] - 1e-5);
    }
  }

  @Test
  void vgg11HasTheAuthorsBounds() {
    Architecture vgg11 = Architecture.of("vgg11", 3, 32, 32, 10);
    float[] parameters = InitialParameters.of(vgg11, 2);
    assertThat(highest(vgg11, parameters, "conv8", Role.WEIGHT))
        .isCloseTo(1 / Math.sqrt(512 * 9), within(1e-5));
    assertThat(highest(vgg11, parameters, "fc1", Role.WEIGHT)).isCloseTo(0.10825, within(1e-4));
    assertThat(highest(vgg11, parameters, "fc2", Role.WEIGHT)).isCloseTo(0.10825, within(1e-4));
    assertThat(highest(vgg11, parameters, "fc3", Role.WEIGHT)).isCloseTo(0.42967, within(1e-3));
    assertThat(highest(vgg11, parameters, "fc1", Role.BIAS))
        .isCloseTo(1 / Math.sqrt(512), within(1e-3));
  }

  private static double highest(
      Architecture architecture, float[] parameters, String layer, Role role) {
    return Arrays.stream(values(architecture, parameters, layer, role)).max().orElseThrow();
  }

  private static double[] values(
      Architecture architecture, float[] parameters, String layer, Role role) {
    ParameterTensor tensor = architecture.layout().find(layer, role).orElseThrow();
    return IntStream.range(tensor.offset(), tensor.end()).mapToDouble(i -> parameters[i]).toArray();
  }

  /** Of a normal sample of n values, mean and deviation are within 5 / sqrt(n) deviations, nearly always. */
  @ParameterizedTest
  @CsvSource({"conv1, 64, 7", "layer2.0.conv1, 128, 3", "layer4.0.downsample.0, 512, 1"})
  void resnet18StartsNormalByOutputs(String layer, int outputs, int kernel) {
    Architecture resnet = Architecture.of("resnet18", 3, 32, 32, 10);
    double[] values = values(resnet, InitialParameters.of(resnet, 5), layer, Role.WEIGHT);
    double deviation = Math.sqrt(2.0 / (outputs * kernel * kernel));
    double tolerance = 5 / Math.sqrt(values.length);
    double square = Arrays.stream(values).map(x -> x * x).sum() / values.length;
    double fourth = Arrays.stream(values).map(x -> x * x * x * x).sum() / values.length;
    assertThat(Arrays.stream(values).sum() / values.length / deviation)
        .isCloseTo(0, within(tolerance));
    assertThat(Math.sqrt(square) / deviation).isCloseTo(1, within(tolerance));
    assertThat(fourth / (square * square)).as("kurtosis").isCloseTo(3, within(5 * tolerance));
  }

  @Test
  void batchNormalisationStartsAsTheIdentity() {
    Architecture conv4 = Architecture.of("conv4", 3, 84, 84, 2);
    float[] parameters = InitialParameters.of(conv4, 5);
    assertThat(values(conv4, parameters, "bn3", Role.WEIGHT)).hasSize(32).containsOnly(1);
    assertThat(values(conv4, parameters, "bn3", Role.BIAS)).hasSize(32).containsOnly(0);
    assertThat(values(conv4, parameters, "bn3", Role.RUNNING_MEAN)).hasSize(32).containsOnly(0);
    assertThat(values(conv4, parameters, "bn3", Role.RUNNING_VARIANCE)).hasSize(32).containsOnly(1);
  }

  @Test
  void initialParametersAreAFunctionOfTheSeed() {
    Architecture lenet = Architecture.of("lenet5", 1, 28, 28, 10);
    assertThat(InitialParameters.of(lenet, 1))
        .isEqualTo(InitialParameters.of(lenet, 1))
        .isNotEqualTo(InitialParameters.of(lenet, 2));
  }

  @Test
  void initialParametersAreTheSameOnEveryMachine() {
    Architecture lenet = Architecture.of("lenet5", 1, 28, 28, 10);
    assertThat(InitialParameters.of(lenet, 1)).startsWith(-0.040285587f, -0.015727038f);
    assertThat(Arrays.hashCode(InitialParameters.of(lenet, 1))).isEqualTo(1_221_455_326);
    Architecture resnet = Architecture.of("resnet18", 1, 28, 28, 10);
    assertThat(Arrays.hashCode(InitialParameters.of(resnet, 1))).isEqualTo(1_274_067_413);
  }
}
