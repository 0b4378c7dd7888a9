package io.coppice.learning.engine;

import io.coppice.learning.model.RandomMask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.random.SplitMix64;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures, layer by layer, up to which density computing with the active weights alone is faster than computing with all of
 * them on the device that it runs on.
 *
 * <p>Each layer's forward and backward pass is timed by its active weights at two densities and by ND4J, all of them in turn, on
 * random images; of each the least time counts, since whatever disturbs adds to it. The time by active weights is taken as a line
 * through its two points, and the crossover is where that line meets the time of ND4J.
 */
public final class Crossovers {

  private static final Logger LOG = LoggerFactory.getLogger(Crossovers.class);

  private static final double LOW = 0.25;
  private static final double HIGH = 0.6;

  /** Repetitions in which even a large network's kernels have been compiled. */
  private static final int LEAST_REPETITIONS = 5;

  private Crossovers() {}

  /**
   * Measures in the calling thread.
   *
   * @param batch samples a step, at least 1
   * @param budget no repetition is begun after this CPU time of the thread, once a few have been made. Not wall time: on a busy
   *     machine it would be over before the kernels have been compiled
   */
  public static KernelPolicy measure(Architecture architecture, int batch, Duration budget) {
    long start = System.nanoTime();
    long cpuStart = CpuClock.nanos();
    Map<String, Double> crossovers = new LinkedHashMap<>();
    try (Candidate low = new Candidate(architecture, batch, KernelPolicy.sparse(), LOW);
        Candidate high = new Candidate(architecture, batch, KernelPolicy.sparse(), HIGH);
        Candidate dense = new Candidate(architecture, batch, KernelPolicy.dense(), HIGH)) {
      int repetitions = 0;
      while (repetitions < LEAST_REPETITIONS || CpuClock.nanos() - cpuStart < budget.toNanos()) {
        low.time();
        high.time();
        dense.time();
        repetitions++;
      }
      for (int l = 0; l < dense.layers.size(); l++) {
        crossovers.put(
            dense.layers.get(l).weight().layer(),
            crossover(low.nanos[l], high.nanos[l], dense.nanos[l]));
      }
    }
    LOG.info(
        "{}, batches of {}: layers are computed by their active weights up to a density of {}"
            + " (measured within {} s)",
        architecture.network(),
        batch,
        crossovers.entrySet().stream()
            .map(e -> String.format(Locale.ROOT, "%s %.2f", e.getKey(), e.getValue()))
            .collect(Collectors.joining(", ")),
        String.format(Locale.ROOT, "%.1f", (System.nanoTime() - start) / 1e9));
    return new KernelPolicy(0, crossovers);
  }

  /**
   * Where a line through two times meets a third.
   *
   * @param low time at density {@value #LOW}
   * @param high time at density {@value #HIGH}
   * @param dense time that does not depend on the density
   * @return in [0, 1]
   */
  static double crossover(double low, double high, double dense) {
    double slope = (high - low) / (HIGH - LOW);
    if (slope <= 0) {
      return high < dense ? 1 : 0;
    }
    return Math.clamp(LOW + (dense - low) / slope, 0, 1);
  }

  /** A network in one of the ways that are compared, with the least time of each layer. */
  private static final class Candidate implements AutoCloseable {

    private static final TrainingStep WITHOUT_EFFECT = new TrainingStep(0, null, false);

    private final Network network;
    private final List<WeightedLayer> layers;
    private final double[] nanos;

    Candidate(Architecture architecture, int batch, KernelPolicy policy, double density) {
      SplitMix64 random = new SplitMix64(0);
      this.network = Network.forTraining(architecture.stack(), batch, policy);
      network.load(
          InitialParameters.of(architecture, 0), RandomMask.of(architecture.layout(), density, 0));
      // One step fills all maps with plausible values.
      network.forward(
          values(random, batch * architecture.stack().input().size()), newLogits(batch));
      network.train(values(random, batch * network.outputs()), 0, false);
      this.layers = network.weighted().filter(layer -> layer.weight().prunable()).toList();
      this.nanos = new double[layers.size()];
      Arrays.fill(nanos, Double.POSITIVE_INFINITY);
    }

    private float[] newLogits(int batch) {
      return new float[batch * network.outputs()];
    }

    private static float[] values(SplitMix64 random, int size) {
      float[] values = new float[size];
      for (int i = 0; i < size; i++) {
        values[i] = (float) (random.nextDouble() - 0.5);
      }
      return values;
    }

    void time() {
      for (int l = 0; l < nanos.length; l++) {
        long start = CpuClock.nanos();
        layers.get(l).forward(true);
        layers.get(l).backward(WITHOUT_EFFECT);
        nanos[l] = Math.min(nanos[l], CpuClock.nanos() - start);
      }
    }

    @Override
    public void close() {
      network.close();
    }
  }
}
