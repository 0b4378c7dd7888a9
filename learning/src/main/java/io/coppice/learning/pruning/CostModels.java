package io.coppice.learning.pruning;

import io.coppice.learning.data.JsonObject;
import io.coppice.learning.model.ParameterLayout;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Cost models by name: what the authors of PruneFL measured on their edge devices for their networks, an estimate from it for
 * other networks, or a user's own figures.
 */
public final class CostModels {

  /** Seconds to send one weight up and down, 8 bytes, in all of the paper's models. */
  private static final double COMMUNICATION = 5.561621025626998e-06;

  /**
   * The paper's figures for one network.
   *
   * @param fixedSeconds of one local step
   * @param secondsPerWeight computation of one active weight in one local step, one entry a prunable layer
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Measured(String name, double fixedSeconds, double... secondsPerWeight) {

    CostModel of(int layers, int localSteps) {
      if (layers != secondsPerWeight.length) {
        throw new IllegalArgumentException(
            String.format(
                "The cost model %s is for %d prunable layers, but the model has %d: use paper, which fits any network.",
                name, secondsPerWeight.length, layers));
      }
      return new CostModel(
          name,
          fixedSeconds * localSteps,
          COMMUNICATION,
          Arrays.stream(secondsPerWeight).map(seconds -> seconds * localSteps).toArray());
    }
  }

  /** conv2. */
  private static final Measured FEMNIST =
      new Measured("paper:femnist", 1.2492789765, 0, 7.098850e-6, 1.927325e-7, 1.782308e-7);

  /** conv4. */
  private static final Measured CELEBA =
      new Measured(
          "paper:celeba",
          1.59799290633784,
          0.0003404870760969184,
          6.0777404652307096e-05,
          1.7590354819798735e-05,
          3.7744218545217262e-06,
          0);

  /** vgg11. */
  private static final Measured CIFAR10 =
      new Measured(
          "paper:cifar10",
          17.36990105989628,
          0,
          8.95507e-6,
          2.495288e-6,
          2.780686e-6,
          1.024265e-6,
          1.277773e-6,
          1.843831e-6,
          8.066104e-7,
          5.145334e-7,
          2.430023e-7,
          0);

  /** resnet18. */
  private static final Measured IMAGENET100 =
      new Measured(
          "paper:imagenet100",
          14.56004148282473,
          0,
          2.340521716080689e-06,
          1.0023681746470196e-05,
          1.056062089141079e-05,
          4.237937059382076e-06,
          5.6712687899939165e-06,
          2.1231460738533592e-06,
          2.3287953360690104e-06,
          6.735456426708777e-07,
          6.624979740735464e-06,
          5.137498356286562e-07,
          1.9743886037025985e-07,
          3.703237561077147e-08,
          9.910993133200227e-07,
          1.4966532573161931e-06,
          7.477319510700925e-07,
          8.722523120339614e-07,
          6.128180224224039e-06);

  /** Where a weight of conv2's layers works in one pass: 28 x 28, 14 x 14, and once in a linear layer. */
  private static final int[] CONV2_POSITIONS = {784, 196, 1, 1};

  private static final int[] CONV2_WEIGHTS = {800, 51_200, 6_422_528, 126_976};

  private CostModels() {}

  /**
   * A cost model for a network. Names are
   *
   * <ul>
   *   <li>{@code paper:femnist}, {@code paper:celeba}, {@code paper:cifar10}, {@code paper:imagenet100}: as measured by the
   *       authors, for the networks conv2, conv4, vgg11 and resnet18
   *   <li>{@code paper}: an estimate for any network, see below
   *   <li>{@code file:PATH}: a JSON object of {@code fixed_seconds}, {@code communication_seconds_per_weight} and {@code
   *       computation_seconds_per_weight}, a list with one entry a prunable layer; all per round and at least 0
   * </ul>
   *
   * <p>The estimate rests on conv2. A weight of a convolution works once for every position of the output, so the computation
   * of one weight in one step is taken as {@code a + b x positions}: the line of least squares through conv2's second layer
   * (196 positions, 7.10e-6 s) and its linear layers (1 position, 1.93e-7 s and 1.78e-7 s), which gives a = 1.50e-7 s and b =
   * 3.55e-8 s. The paper charges first layers nothing, the estimate charges them as others. Communication is the paper's. The
   * fixed time would dwarf all else in a small network, where pruning could then never pay: it is conv2's, scaled by what this
   * network's weights cost in all relative to conv2's, both without pruning and by the estimate.
   *
   * @param outputPositions height x width of the output of a convolution, 1 for a linear layer; one entry a prunable layer
   * @param localSteps steps that an agent trains in a round, at least 1
   * @throws IllegalArgumentException if there is no such model, or it does not fit the network
   * @throws io.coppice.learning.data.DataFormatException if the file cannot be read or is not such a file
   */
  public static CostModel named(
      String name, ParameterLayout layout, int[] outputPositions, int localSteps) {
    if (localSteps < 1) {
      throw new IllegalArgumentException(
          "A round has at least 1 local step, not " + localSteps + ".");
    }
    int layers = layout.prunable().size();
    if (name.startsWith("file:")) {
      return fromFile(name, layers);
    }
    return switch (name) {
      case "paper" -> estimate(layout, outputPositions, localSteps);
      case "paper:femnist" -> FEMNIST.of(layers, localSteps);
      case "paper:celeba" -> CELEBA.of(layers, localSteps);
      case "paper:cifar10" -> CIFAR10.of(layers, localSteps);
      case "paper:imagenet100" -> IMAGENET100.of(layers, localSteps);
      default ->
          throw new IllegalArgumentException(
              "There is no cost model '"
                  + name
                  + "': use paper, paper:femnist, paper:celeba, paper:cifar10, paper:imagenet100 or file:PATH.");
    };
  }

  private static CostModel estimate(ParameterLayout layout, int[] positions, int localSteps) {
    int[] weights = layout.prunable().stream().mapToInt(tensor -> tensor.size()).toArray();
    if (positions.length != weights.length || Arrays.stream(positions).anyMatch(p -> p < 1)) {
      throw new IllegalArgumentException(
          String.format(
              "The cost model paper needs the output positions of %d prunable layers, each at least 1, not %s.",
              weights.length, Arrays.toString(positions)));
    }
    CostModel conv2 =
        new CostModel("conv2", 0, COMMUNICATION, computation(CONV2_POSITIONS, localSteps));
    CostModel network =
        new CostModel("paper", 0, COMMUNICATION, computation(positions, localSteps));
    double scale = network.roundSeconds(weights) / conv2.roundSeconds(CONV2_WEIGHTS);
    return new CostModel(
        "paper",
        FEMNIST.fixedSeconds() * localSteps * scale,
        COMMUNICATION,
        network.computationSecondsPerWeight());
  }

  private static double[] computation(int[] positions, int localSteps) {
    // Two of three points lie at one position, so the line of least squares runs through their
    // mean.
    double[] measured = FEMNIST.secondsPerWeight();
    double linear = (measured[2] + measured[3]) / 2;
    double perPosition = (measured[1] - linear) / (CONV2_POSITIONS[1] - 1);
    double base = linear - perPosition;
    return Arrays.stream(positions)
        .mapToDouble(p -> localSteps * (base + perPosition * p))
        .toArray();
  }

  private static CostModel fromFile(String name, int layers) {
    JsonObject json;
    try {
      json = JsonObject.read(Path.of(name.substring("file:".length())));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("The cost model '" + name + "' names no file.", e);
    }
    double[] computation = json.nonNegatives("computation_seconds_per_weight");
    if (computation.length != layers) {
      throw new IllegalArgumentException(
          String.format(
              "%s: computation_seconds_per_weight has %d entries, but the model has %d prunable layers.",
              json.where(), computation.length, layers));
    }
    return new CostModel(
        name,
        json.nonNegative("fixed_seconds"),
        json.nonNegative("communication_seconds_per_weight"),
        computation);
  }
}
