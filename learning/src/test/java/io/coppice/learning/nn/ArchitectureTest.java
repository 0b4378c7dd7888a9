package io.coppice.learning.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

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
  }
}
