package io.coppice.console.bench;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What was measured with one network.
 *
 * @param network its name
 * @param input an image, such as 1 x 28 x 28 (channels, rows, columns)
 * @param classes number of classes
 * @param parameters number of parameters, biases included
 * @param data where the images come from
 * @param crossovers densities up to which a layer's step is faster by its active weights than dense, by layer and in layout order
 * @param lines one a case
 */
record NetworkFigures(
    String network,
    String input,
    int classes,
    int parameters,
    String data,
    Map<String, Double> crossovers,
    List<Line> lines) {

  /** Name of the peer's line. */
  static final String PEER = "dense (PyTorch)";

  /**
   * The figures of one case.
   *
   * @param variant how it was computed
   * @param density active weights / prunable weights, in (0, 1]
   * @param activeWeights number of active prunable weights
   * @param timing one agent's, without importance
   * @param withImportance with every weight's importance collected beside, where that was measured
   * @param amongAgents the median of several agents at the same time, where that was measured
   */
  record Line(
      String variant,
      double density,
      int activeWeights,
      Timing timing,
      Optional<Timing> withImportance,
      Optional<Timing> amongAgents) {

    /**
     * What importance in every round of {@link Workload#UNITS} steps adds to a step, its part of the work done once a round
     * included, as a fraction of the step without.
     */
    OptionalDouble importanceOverhead() {
      return withImportance.stream()
          .mapToDouble(with -> (with.ofRound() - timing.ofRound()) / timing.millis())
          .findFirst();
    }

    /** CPU time of a step among agents / that of one agent alone. */
    OptionalDouble slowDownAmongAgents() {
      return amongAgents.stream()
          .mapToDouble(agents -> agents.millis() / timing.millis())
          .findFirst();
    }
  }

  NetworkFigures {
    crossovers = Collections.unmodifiableMap(new LinkedHashMap<>(crossovers));
    lines = List.copyOf(lines);
  }

  /** How many times as fast as dense ND4J a line is; the dense case is always measured. */
  double speedUpOverDense(Line line) {
    return speedUp(line, Variant.DENSE.name()).orElseThrow();
  }

  /** How many times as fast as dense PyTorch a line is; empty if there was no peer. */
  OptionalDouble speedUpOverPeer(Line line) {
    return speedUp(line, PEER);
  }

  private OptionalDouble speedUp(Line line, String base) {
    return lines.stream()
        .filter(candidate -> candidate.variant().equals(base))
        .mapToDouble(candidate -> candidate.timing().millis() / line.timing().millis())
        .findFirst();
  }
}
