package io.coppice.console.compare;

import io.coppice.console.compare.RunFigures.Point;
import io.coppice.console.compare.RunFigures.Total;
import io.coppice.replay.RunDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * What every run took to reach given accuracies, and where it ended.
 *
 * @param accuracies in ascending order
 * @param rows one a run, in the order of the runs
 */
record ComparisonTable(List<Double> accuracies, List<Row> rows) {

  /** Accuracies that are looked at unless others are asked for, where a run has reached them. */
  private static final List<Double> USUAL_ACCURACIES = List.of(0.80, 0.90, 0.95);

  /** The highest accuracy that all have reached is rounded down to this many steps. */
  private static final double STEPS = 1e4;

  /**
   * A run.
   *
   * @param end where it is now; empty before its first round has closed
   * @param reached one an accuracy; empty where the run has not reached it
   */
  record Row(String policy, Optional<End> end, List<Optional<Reach>> reached) {}

  /**
   * The newest round of a run.
   *
   * @param rounds that have closed
   * @param accuracy of the last evaluation; empty if there was none
   * @param modelBytes of the model under the mask after it
   */
  record End(
      int rounds,
      OptionalDouble accuracy,
      double density,
      int activeParameters,
      long modelBytes,
      Total total) {}

  /**
   * The first evaluation of a run that reached an accuracy.
   *
   * @param round that was evaluated
   * @param total spent up to it
   * @param against conventional federated learning; empty if that did not reach the accuracy, or is not compared
   */
  record Reach(int round, Total total, Optional<Ratios> against) {}

  /**
   * What conventional federated learning spent to reach an accuracy / what the run spent: above 1 the run is better. NaN where the
   * run spent nothing.
   */
  record Ratios(double estimated, double measured, double bytes) {

    static Ratios of(Total conventional, Total run) {
      return new Ratios(
          ratio(conventional.estimatedSeconds(), run.estimatedSeconds()),
          ratio(conventional.seconds(), run.seconds()),
          ratio(conventional.bytes(), run.bytes()));
    }

    private static double ratio(double conventional, double run) {
      return run > 0 ? conventional / run : Double.NaN;
    }
  }

  /**
   * Makes the table.
   *
   * @param accuracies in (0, 1], any order; if there are none, 0.80, 0.90 and 0.95 where a run has reached them, and the highest
   *     that all evaluated runs have reached
   */
  static ComparisonTable of(List<RunFigures> runs, List<Double> accuracies) {
    List<Double> sorted =
        (accuracies.isEmpty() ? usual(runs) : accuracies.stream()).distinct().sorted().toList();
    Optional<RunFigures> conventional =
        runs.stream().filter(run -> run.policy().equals(RunDefinition.CONVENTIONAL)).findFirst();
    List<Row> rows = new ArrayList<>();
    for (RunFigures run : runs) {
      List<Optional<Reach>> reached =
          sorted.stream().map(accuracy -> reach(run, conventional, accuracy)).toList();
      rows.add(new Row(run.policy(), end(run), reached));
    }
    return new ComparisonTable(sorted, rows);
  }

  private static Stream<Double> usual(List<RunFigures> runs) {
    double[] highest =
        runs.stream()
            .map(RunFigures::highestAccuracy)
            .filter(OptionalDouble::isPresent)
            .mapToDouble(OptionalDouble::getAsDouble)
            .sorted()
            .toArray();
    if (highest.length == 0) {
      return Stream.empty();
    }
    double ofAll = Math.floor(highest[0] * STEPS) / STEPS;
    double best = highest[highest.length - 1];
    return Stream.concat(
        USUAL_ACCURACIES.stream().filter(accuracy -> accuracy <= best),
        Stream.of(ofAll).filter(accuracy -> accuracy > 0));
  }

  private static Optional<Reach> reach(
      RunFigures run, Optional<RunFigures> conventional, double accuracy) {
    int index = run.firstReaching(accuracy);
    if (index < 0) {
      return Optional.empty();
    }
    Total total = run.totals().get(index);
    return Optional.of(
        new Reach(
            run.points().get(index).round(),
            total,
            conventional
                .filter(c -> c.firstReaching(accuracy) >= 0)
                .map(c -> Ratios.of(c.totals().get(c.firstReaching(accuracy)), total))));
  }

  private static Optional<End> end(RunFigures run) {
    if (run.points().isEmpty()) {
      return Optional.empty();
    }
    Point last = run.points().getLast();
    return Optional.of(
        new End(
            run.points().size(),
            run.lastEvaluated()
                .map(p -> OptionalDouble.of(p.accuracy()))
                .orElse(OptionalDouble.empty()),
            last.density(),
            last.activeParameters(),
            run.modelBytes(last),
            run.totals().getLast()));
  }
}
