package io.coppice.console.compare;

import io.coppice.console.UserError;
import io.coppice.console.progress.RoundProgress;
import io.coppice.console.progress.RunMonitor;
import io.coppice.replay.RunDefinition;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One run of a comparison, round by round, as far as it has come.
 *
 * @param policy name of its curve
 * @param runId its id in the log
 * @param layers prunable layers, in layout order
 * @param initialPruning what was spent before round 0
 * @param points its closed rounds, in ascending order; may be empty
 */
public record RunFigures(
    String policy,
    String runId,
    List<Layer> layers,
    InitialPruning initialPruning,
    List<Point> points) {

  /**
   * A prunable layer.
   *
   * @param name such as {@code conv1}
   * @param weights number of its weights, at least 1
   */
  public record Layer(String name, int weights) {}

  /**
   * Initial pruning (PruneFL), measured. By the authors' convention its estimated time is 0.
   *
   * @param seconds from the opening of round -1 to its close
   * @param bytesUp bytes of records that the agent sent for it
   * @param bytesDown bytes of records that the agent read for it
   */
  public record InitialPruning(double seconds, long bytesUp, long bytesDown) {

    /** A run without initial pruning. */
    public static final InitialPruning NONE = new InitialPruning(0, 0, 0);
  }

  /**
   * A closed round. Times and bytes are those of this round alone.
   *
   * @param round from 0
   * @param accuracy on the test set after the round, in [0, 1]; NaN where it was not evaluated
   * @param loss on the test set; NaN where it was not evaluated
   * @param density active weights / prunable weights under the mask after the round, in [0, 1]
   * @param activeParameters under that mask, with the parameters that cannot be pruned
   * @param layerDensities of that mask, one a prunable layer, in [0, 1]
   * @param estimatedSeconds by the cost model under that mask
   * @param seconds measured, from the close of the round before to its own
   * @param bytesUp bytes of records that all agents sent for it
   * @param bytesDown bytes of records that all agents read for it
   * @param trainSeconds mean seconds of local training of its agents
   * @param contributors admitted updates
   * @param gradientNormSquared squared norm of the masked gradient; NaN where it was not recorded
   */
  public record Point(
      int round,
      double accuracy,
      double loss,
      double density,
      int activeParameters,
      List<Double> layerDensities,
      double estimatedSeconds,
      double seconds,
      long bytesUp,
      long bytesDown,
      double trainSeconds,
      int contributors,
      double gradientNormSquared) {

    public Point {
      layerDensities = List.copyOf(layerDensities);
    }

    /** Whether the model was evaluated after the round. */
    public boolean isEvaluated() {
      return !Double.isNaN(accuracy);
    }

    private Point withGradientNorm(double squared) {
      return new Point(
          round,
          accuracy,
          loss,
          density,
          activeParameters,
          layerDensities,
          estimatedSeconds,
          seconds,
          bytesUp,
          bytesDown,
          trainSeconds,
          contributors,
          squared);
    }
  }

  /**
   * What a run has spent up to the end of a round.
   *
   * @param estimatedSeconds of its rounds; initial pruning counts as 0
   * @param seconds measured, initial pruning included
   * @param bytesUp initial pruning included
   * @param bytesDown initial pruning included
   */
  public record Total(double estimatedSeconds, double seconds, long bytesUp, long bytesDown) {

    /** Bytes in both directions. */
    public long bytes() {
      return bytesUp + bytesDown;
    }

    private Total plus(Point point) {
      return new Total(
          estimatedSeconds + point.estimatedSeconds(),
          seconds + point.seconds(),
          bytesUp + point.bytesUp(),
          bytesDown + point.bytesDown());
    }
  }

  /**
   * The mean of the squared gradient norm over the first rounds of a run.
   *
   * @param rounds T, at least 1: the mean is over rounds 0 to T - 1
   * @param mean over those of them whose norm was recorded
   */
  public record MeanGradientNorm(int rounds, double mean) {

    /** The bound's shape c / sqrt(T) through this mean, after other rounds. */
    public double boundAfter(int otherRounds) {
      return mean * Math.sqrt((double) rounds / otherRounds);
    }
  }

  /**
   * Checks that every round has a density of every layer.
   *
   * @throws IllegalArgumentException if a round has more or fewer
   */
  public RunFigures {
    layers = List.copyOf(layers);
    points = List.copyOf(points);
    for (Point point : points) {
      if (point.layerDensities().size() != layers.size()) {
        throw new IllegalArgumentException(
            String.format(
                "Round %d of %s has the densities of %d layers, not of %d.",
                point.round(), policy, point.layerDensities().size(), layers.size()));
      }
    }
  }

  /** The figures that a monitor has now; without gradient norms, which the log does not hold. */
  public static RunFigures of(String policy, RunMonitor monitor) {
    return new RunFigures(
        policy,
        monitor.run().id(),
        monitor.run().layout().prunable().stream()
            .map(weight -> new Layer(weight.layer(), weight.size()))
            .toList(),
        monitor
            .round(RunDefinition.INITIAL_PRUNING_ROUND)
            .map(r -> new InitialPruning(r.seconds(), r.bytesUp(), r.bytesDown()))
            .orElse(InitialPruning.NONE),
        monitor.rounds().stream().map(RunFigures::point).toList());
  }

  private static Point point(RoundProgress round) {
    return new Point(
        round.round(),
        round.evaluated().map(e -> e.getAccuracy()).orElse(Double.NaN),
        round.evaluated().map(e -> e.getLoss()).orElse(Double.NaN),
        round.density(),
        round.activeParameters(),
        round.layerDensities(),
        round.estimatedSeconds(),
        round.seconds(),
        round.bytesUp(),
        round.bytesDown(),
        round.trainSeconds(),
        round.contributors(),
        Double.NaN);
  }

  /**
   * Reads what {@link #writeCsv} has written.
   *
   * @throws UserError if the file is missing or is not such a file
   */
  public static RunFigures ofCsv(Path file) {
    return FiguresCsv.read(file);
  }

  /**
   * Writes a CSV file, whole or not at all; docs/compare.md describes its columns.
   *
   * @throws UserError if it cannot be written
   */
  public void writeCsv(Path file) {
    FiguresCsv.write(this, file);
  }

  /**
   * The same with squared gradient norms.
   *
   * @param squaredNorms by round; rounds that the run does not have are left out, and rounds without keep what they have
   */
  public RunFigures withGradientNorms(Map<Integer, Double> squaredNorms) {
    List<Point> with =
        points.stream()
            .map(
                p ->
                    p.withGradientNorm(
                        squaredNorms.getOrDefault(p.round(), p.gradientNormSquared())))
            .toList();
    return new RunFigures(policy, runId, layers, initialPruning, with);
  }

  /** What was spent up to each point, in their order. */
  public List<Total> totals() {
    List<Total> totals = new ArrayList<>();
    Total total =
        new Total(
            0, initialPruning.seconds(), initialPruning.bytesUp(), initialPruning.bytesDown());
    for (Point point : points) {
      total = total.plus(point);
      totals.add(total);
    }
    return totals;
  }

  /** The last evaluated point; empty if none was evaluated. */
  public Optional<Point> lastEvaluated() {
    return points.reversed().stream().filter(Point::isEvaluated).findFirst();
  }

  /** The highest accuracy of all evaluations; empty if there was none. */
  public OptionalDouble highestAccuracy() {
    return points.stream().filter(Point::isEvaluated).mapToDouble(Point::accuracy).max();
  }

  /** Index of the first evaluated point whose accuracy is at least the given one; -1 if there is none. */
  public int firstReaching(double accuracy) {
    for (int i = 0; i < points.size(); i++) {
      if (points.get(i).accuracy() >= accuracy) { // false where it is NaN
        return i;
      }
    }
    return -1;
  }

  /**
   * Bytes of the model after a round, stored or sent: a bitmap a prunable layer and the active values as float32; without the
   * bitmaps if every weight is active (as {@link io.coppice.learning.model.Mask#modelBytes}).
   */
  public long modelBytes(Point point) {
    boolean full = point.layerDensities().stream().allMatch(density -> density == 1);
    long bitmaps = full ? 0 : layers.stream().mapToLong(l -> (l.weights() + 7L) / 8).sum();
    return bitmaps + (long) Float.BYTES * point.activeParameters();
  }

  /** The running mean of the squared gradient norm, one entry for every round with a recorded norm. */
  public List<MeanGradientNorm> meanGradientNorms() {
    List<MeanGradientNorm> means = new ArrayList<>();
    double sum = 0;
    for (Point point : points) {
      if (!Double.isNaN(point.gradientNormSquared())) {
        sum += point.gradientNormSquared();
        means.add(new MeanGradientNorm(point.round() + 1, sum / (means.size() + 1)));
      }
    }
    return means;
  }
}
