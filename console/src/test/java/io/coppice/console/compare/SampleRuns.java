package io.coppice.console.compare;

import io.coppice.console.compare.RunFigures.InitialPruning;
import io.coppice.console.compare.RunFigures.Layer;
import io.coppice.console.compare.RunFigures.Point;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Runs of Conv2 whose curves look like real ones: accuracy rises, the mask shrinks at every 25th round. */
final class SampleRuns {

  private static final List<Layer> CONV2 =
      List.of(
          new Layer("conv1", 800),
          new Layer("conv2", 51_200),
          new Layer("fc1", 6_422_528),
          new Layer("fc2", 20_480));
  private static final int PRUNABLE = CONV2.stream().mapToInt(Layer::weights).sum();
  private static final int UNPRUNABLE = 2154;
  private static final int RECONFIGURE_EVERY = 25;
  private static final int EVALUATE_EVERY = 5;

  private SampleRuns() {}

  /** A run that was never pruned. */
  static RunFigures conventional(int rounds) {
    return run("none", rounds, InitialPruning.NONE, 1, 1);
  }

  /**
   * A run.
   *
   * @param firstDensity in round 0
   * @param shrink factor of the density every 25 rounds
   */
  static RunFigures run(
      String policy, int rounds, InitialPruning initial, double firstDensity, double shrink) {
    SplittableRandom random = new SplittableRandom(policy.hashCode());
    List<Point> points = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      double small = firstDensity * Math.pow(shrink, (round + 1) / RECONFIGURE_EVERY);
      List<Double> densities =
          List.of(Math.min(1, small * 12), Math.min(1, small * 6), small, Math.min(1, small * 3));
      double kept = 0;
      for (int l = 0; l < CONV2.size(); l++) {
        kept += densities.get(l) * CONV2.get(l).weights();
      }
      boolean evaluated = round % EVALUATE_EVERY == 0 || round == rounds - 1;
      double accuracy = 0.975 - 0.85 * Math.exp(-round / 14.0) - 0.01 * random.nextDouble();
      long bytes = (long) (40 * kept + 400_000);
      points.add(
          new Point(
              round,
              evaluated ? accuracy : Double.NaN,
              evaluated ? 2.3 * (1 - accuracy) + 0.02 : Double.NaN,
              kept / PRUNABLE,
              (int) kept + UNPRUNABLE,
              densities,
              6.2464 + 6.9e-6 * kept,
              1.2 + 3.5e-7 * kept + 0.2 * random.nextDouble(),
              bytes,
              bytes + (round == 0 ? 260_000_000 : 0),
              0.2 + 4e-8 * kept,
              10,
              Double.NaN));
    }
    return new RunFigures(policy, "sample-" + policy, CONV2, initial, points);
  }

  /** The same with norms that fall a little faster than the bound. */
  static RunFigures withNorms(RunFigures run) {
    SplittableRandom random = new SplittableRandom(run.policy().hashCode());
    Map<Integer, Double> norms = new HashMap<>();
    for (Point point : run.points()) {
      norms.put(
          point.round(), 0.4 / Math.pow(point.round() + 1, 0.7) * (0.6 + random.nextDouble()));
    }
    return run.withGradientNorms(norms);
  }

  /** A comparison of six policies, one of which is half done. */
  static List<RunFigures> comparison(int rounds) {
    InitialPruning initial = new InitialPruning(210, 1_200_000, 52_000_000);
    return List.of(
        withNorms(conventional(rounds)),
        withNorms(run("prunefl", rounds, initial, 0.06, 0.97)),
        withNorms(run("snip", rounds, InitialPruning.NONE, 0.1, 1)),
        withNorms(run("iterative", rounds, InitialPruning.NONE, 1, 0.7)),
        run("online", rounds, InitialPruning.NONE, 1, 0.85),
        run("fedtiny", rounds, InitialPruning.NONE, 0.2, 0.98),
        run("fedrts", rounds / 2, InitialPruning.NONE, 0.2, 1));
  }
}
