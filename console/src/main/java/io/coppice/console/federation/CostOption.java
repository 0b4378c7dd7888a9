package io.coppice.console.federation;

import io.coppice.learning.nn.Architecture;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.CostModels;
import io.coppice.schemas.CostCoefficients;
import java.util.Arrays;

/**
 * The cost model that a run asks for: figures that are known, or that its agents measure.
 *
 * @param model the figures; with measured ones what holds until an agent has published its own
 * @param fleetQuantile which agent of the fleet counts, in (0, 1], 1 being the slowest; null if nothing is measured
 */
public record CostOption(CostModel model, Double fleetQuantile) {

  private static final String MEASURED = "measured";
  private static final String FALLBACK = "paper";

  /**
   * Reads the option: {@code measured}, {@code measured:QUANTILE}, or one of {@link CostModels#named}.
   *
   * @throws IllegalArgumentException if it is none of these, or does not fit the network
   */
  public static CostOption parse(String option, Architecture architecture, int localSteps) {
    boolean measured = option.equals(MEASURED) || option.startsWith(MEASURED + ":");
    if (!measured && !option.matches("paper(:.*)?|file:.*")) {
      throw new IllegalArgumentException(
          String.format(
              "There is no cost model '%s': use measured, measured:QUANTILE, paper, paper:NETWORK or"
                  + " file:PATH.",
              option));
    }
    CostModel model =
        CostModels.named(
            measured ? FALLBACK : option,
            architecture.layout(),
            architecture.outputPositions(),
            localSteps);
    return new CostOption(model, measured ? quantile(option) : null);
  }

  private static double quantile(String option) {
    if (option.equals(MEASURED)) {
      return 1;
    }
    String text = option.substring(MEASURED.length() + 1);
    try {
      double quantile = Double.parseDouble(text);
      if (quantile > 0 && quantile <= 1) {
        return quantile;
      }
    } catch (NumberFormatException e) {
      // Said below, as for a number that is out of range.
    }
    throw new IllegalArgumentException(
        String.format(
            "The quantile of measured:QUANTILE is a number above 0 and at most 1 (1 is the slowest agent), not '%s'.",
            text));
  }

  /** Whether the agents measure it. */
  public boolean isMeasured() {
    return fleetQuantile != null;
  }

  /** As a run's definition says it. */
  public CostCoefficients toLog() {
    return CostCoefficients.newBuilder()
        .setName(model.name())
        .setFixedSeconds(model.fixedSeconds())
        .setCommunicationSecondsPerWeight(model.communicationSecondsPerWeight())
        .setComputationSecondsPerWeight(
            Arrays.stream(model.computationSecondsPerWeight()).boxed().toList())
        .setFleetQuantile(fleetQuantile)
        .build();
  }
}
