package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.data.DataFormatException;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.nn.Architecture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CostModelsTest {

  private static final ParameterLayout CONV2 = layout(800, 51_200, 6_422_528, 126_976);
  private static final int[] CONV2_POSITIONS = {784, 196, 1, 1};

  /** Seconds of a round without pruning, as the paper's networks take them with five local steps. */
  @ParameterizedTest
  @CsvSource({
    "paper:femnist, '800 51200 6422528 126976', 51.0811",
    "paper:celeba, '864 9216 9216 9216 2304', 13.4174",
    "paper:cifar10, '1728 73728 294912 589824 1179648 2359296 2359296 2359296 262144 262144 5120', 209.614",
    "paper:imagenet100, '9408 36864 36864 36864 36864 73728 147456 147456 147456 294912 589824 589824 589824 1179648 2359296 2359296 2359296 51200', 201.266"
  })
  void theDenseRoundsOfThePaperTakeWhatTheyTake(String name, String weights, double seconds) {
    ParameterLayout layout =
        layout(java.util.Arrays.stream(weights.split(" ")).mapToInt(Integer::parseInt).toArray());
    CostModel cost = CostModels.named(name, layout, new int[0], 5);
    assertThat(cost.roundSeconds(sizes(layout))).isCloseTo(seconds, within(1e-3));
    assertThat(cost.name()).isEqualTo(name);
  }

  @ParameterizedTest
  @CsvSource({
    "conv2, 28, paper:femnist",
    "conv4, 84, paper:celeba",
    "vgg11, 32, paper:cifar10",
    "resnet18, 168, paper:imagenet100"
  })
  void theModelsFitTheNetworksTheyWereMeasuredFor(String network, int side, String name) {
    Architecture architecture = Architecture.of(network, 3, side, side, 10);
    for (String each : List.of(name, "paper")) {
      CostModel cost =
          CostModels.named(each, architecture.layout(), architecture.outputPositions(), 5);
      assertThat(cost.layers()).isEqualTo(architecture.layout().prunable().size());
      assertThat(cost.name()).isEqualTo(each);
    }
  }

  @Test
  void localStepsScaleComputationButNotCommunication() {
    CostModel one = CostModels.named("paper:femnist", CONV2, CONV2_POSITIONS, 1);
    assertThat(one.fixedSeconds()).isEqualTo(1.2492789765);
    assertThat(one.secondsPerWeight(1)).isEqualTo(5.561621025626998e-06 + 7.098850e-6);
    assertThat(one.secondsPerWeight(0)).isEqualTo(5.561621025626998e-06);
  }

  @Test
  void theEstimateMeetsWhatWasMeasuredForConv2() {
    CostModel estimate = CostModels.named("paper", CONV2, CONV2_POSITIONS, 5);
    CostModel measured = CostModels.named("paper:femnist", CONV2, CONV2_POSITIONS, 5);
    assertThat(estimate.fixedSeconds()).isCloseTo(measured.fixedSeconds(), within(1e-12));
    assertThat(estimate.secondsPerWeight(1)).isCloseTo(measured.secondsPerWeight(1), within(1e-15));
    double[] computation = estimate.computationSecondsPerWeight();
    assertThat(computation[2]).isEqualTo(computation[3]);
    assertThat(computation[2]).isCloseTo(5 * 1.8548165e-7, within(1e-18));
    assertThat(computation[0]).isCloseTo(5 * (1.5002848e-7 + 784 * 3.5453171e-8), within(1e-12));
  }

  @Test
  void theEstimateScalesFixedSecondsWithTheNetwork() {
    CostModel half =
        CostModels.named("paper", layout(400, 25_600, 3_211_264, 63_488), CONV2_POSITIONS, 5);
    assertThat(half.fixedSeconds()).isCloseTo(6.2463948825 / 2, within(1e-9));
  }

  @Test
  void figuresComeFromAFile(@TempDir Path directory) throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("cost.json"),
            "{\"fixed_seconds\": 1, \"communication_seconds_per_weight\": 2, \"computation_seconds_per_weight\": [3, 0]}");
    CostModel cost = CostModels.named("file:" + file, layout(1, 1), new int[] {1, 1}, 5);
    assertThat(cost.roundSeconds(new int[] {1, 10})).isEqualTo(1 + 5 + 20);
    assertThatThrownBy(() -> CostModels.named("file:" + file, layout(1), new int[] {1}, 5))
        .hasMessage(
            file
                + ": computation_seconds_per_weight has 2 entries, but the model has 1 prunable layers.");
    Files.writeString(file, "{\"computation_seconds_per_weight\": [1]}");
    assertThatThrownBy(() -> CostModels.named("file:" + file, layout(1), new int[] {1}, 5))
        .isInstanceOf(DataFormatException.class)
        .hasMessage(file + ": the field fixed_seconds is missing; it must be a number.");
  }

  @Test
  void whatDoesNotFitIsRefusedInOneSentence() {
    assertThatThrownBy(() -> CostModels.named("paper:celeba", CONV2, CONV2_POSITIONS, 5))
        .hasMessage(
            "The cost model paper:celeba is for 5 prunable layers, but the model has 4: use paper, which fits any network.");
    assertThatThrownBy(() -> CostModels.named("free", CONV2, CONV2_POSITIONS, 5))
        .hasMessageStartingWith("There is no cost model 'free': use paper, paper:femnist");
    assertThatThrownBy(() -> CostModels.named("paper", CONV2, new int[] {1, 1, 1}, 5))
        .hasMessageContaining("output positions of 4 prunable layers");
    assertThatThrownBy(() -> CostModels.named("paper", CONV2, new int[] {1, 1, 1, 0}, 5))
        .hasMessageContaining("not [1, 1, 1, 0]");
    assertThatThrownBy(() -> CostModels.named("paper", CONV2, CONV2_POSITIONS, 0))
        .hasMessage("A round has at least 1 local step, not 0.");
  }

  private static int[] sizes(ParameterLayout layout) {
    return layout.prunable().stream().mapToInt(ParameterTensor::size).toArray();
  }

  private static ParameterLayout layout(int... weights) {
    ParameterLayout.Builder builder = ParameterLayout.builder();
    for (int l = 0; l < weights.length; l++) {
      builder.weight("layer" + l, List.of(1, weights[l])).bias("layer" + l, 1);
    }
    return builder.build();
  }
}
