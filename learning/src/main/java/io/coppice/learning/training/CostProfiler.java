package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.CpuClock;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.random.SplitMix64;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures what local training costs on the device that it runs on, as the figures of a cost model: a fixed time a round, and a
 * time a round for one active weight of each prunable layer (the computing part of T(M) in PruneFL).
 *
 * <p><b>What is timed.</b> Whole calls of {@link LocalTrainer#train}, on random images and random masks. In the base mask every
 * layer has a density of {@value #BASE_DENSITY}; the others raise one layer to one of {@link #DENSITIES}. These lie below the
 * density from which a layer is computed densely: there its time does not depend on its weights any more, and pruning moves in
 * the range where it does. The first call under a mask prepares what later rounds use again, and is not timed.
 *
 * <p><b>Which clock.</b> The processor time of the calling thread, which trains alone: what neighbours on the device take away
 * for the moment is no property of the device, and in wall time it would exceed what is to be measured. On a machine that
 * does not count it, wall time.
 *
 * <p><b>The fit.</b> All masks are timed in sweeps, each in an order of its own, and a mask's time is its least: whatever disturbs
 * a round adds to its time. A layer's time per weight is the median of the slopes between all pairs of its masks (Theil-Sen: one
 * of its five masks may be off without consequence); the fixed time is the median of what the slopes leave of each mask's time.
 * A slope below three times its standard error, by the median absolute deviation of what is left unexplained, is not told from
 * noise and taken as 0, as is a negative one: the layer's share of a round is too small to be measured, and a figure made of
 * noise would let the decision prune the layer for it.
 *
 * <p><b>How long.</b> A small network's first sweeps are slow, because the just-in-time compiler needs some seconds whatever the
 * network is. As the least time counts they leave no trace, provided that sweeps go on until the times have settled.
 */
public final class CostProfiler {

  /** Density of every layer whose cost is not being measured. */
  static final double BASE_DENSITY = 0.02;

  /** Densities to which a layer is raised. */
  static final List<Double> DENSITIES = List.of(0.1, 0.2, 0.3, 0.4);

  private static final Logger LOG = LoggerFactory.getLogger(CostProfiler.class);

  /** Steps before the first sweep, in which a large network's training is compiled. */
  private static final int WARM_UP_STEPS = 30;

  /** Steps that are timed at once; of longer rounds these stand for all. */
  private static final int MAX_STEPS = 5;

  private static final int MAX_SWEEPS = 25;

  /** A sweep that makes the times shorter by no more than this fraction changes nothing. */
  private static final double SETTLED = 0.02;

  /** The times have settled when so many sweeps in a row have changed nothing. */
  private static final int SETTLED_SWEEPS = 3;

  /** So many times the budget are spent at most to let the times settle. */
  private static final int PATIENCE = 4;

  private static final double LEARNING_RATE = 0.01;

  /** Standard errors that a slope must have to be believed. */
  private static final double SIGNIFICANT = 3;

  /** The standard deviation of normal noise whose median absolute deviation is 1. */
  private static final double MAD_TO_DEVIATION = 1.4826;

  /**
   * The cost of a round's training.
   *
   * @param fixedSeconds seconds a round that do not depend on the mask, at least 0
   * @param secondsPerWeight seconds a round for one active weight, one entry a prunable layer, at least 0
   */
  public record Profile(double fixedSeconds, double[] secondsPerWeight) {

    public Profile {
      secondsPerWeight = secondsPerWeight.clone();
    }

    @Override
    public double[] secondsPerWeight() {
      return secondsPerWeight.clone();
    }

    /** Seconds of a round with these numbers of active weights, one a prunable layer. */
    public double roundSeconds(int[] activeWeights) {
      double seconds = fixedSeconds;
      for (int l = 0; l < activeWeights.length; l++) {
        seconds += activeWeights[l] * secondsPerWeight[l];
      }
      return seconds;
    }
  }

  private final Architecture architecture;
  private final Loss loss;
  private final int batchSize;
  private final int localSteps;
  private final boolean withImportance;
  private final KernelPolicy kernels;

  /**
   * @param batchSize samples a step, at least 1
   * @param localSteps steps a round, at least 1
   * @param withImportance whether rounds compute importance
   * @param kernels which layers are computed by their active weights
   */
  public CostProfiler(
      Architecture architecture,
      Loss loss,
      int batchSize,
      int localSteps,
      boolean withImportance,
      KernelPolicy kernels) {
    if (localSteps < 1) {
      throw new IllegalArgumentException(
          "A round has at least 1 local step, not " + localSteps + ".");
    }
    this.architecture = architecture;
    this.loss = loss;
    this.batchSize = batchSize;
    this.localSteps = localSteps;
    this.withImportance = withImportance;
    this.kernels = kernels;
  }

  /**
   * Measures, in the calling thread.
   *
   * @param budget after this time no sweep is begun once the times have settled, and after four times of it none in any case; the
   *     first sweep is made to its end however long it takes
   * @param cancelled asked before every round
   * @throws InterruptedException if the thread was interrupted, or it was cancelled
   */
  public Profile measure(Duration budget, BooleanSupplier cancelled) throws InterruptedException {
    try (Measurement measurement = new Measurement(cancelled)) {
      long start = System.nanoTime();
      measurement.warmUp();
      int sweeps = 0;
      int settled = 0;
      double share;
      do {
        double before = measurement.total();
        measurement.sweep();
        sweeps++;
        settled = measurement.total() > before * (1 - SETTLED) ? settled + 1 : 0;
        share = (double) (System.nanoTime() - start) / budget.toNanos();
      } while (share < 1 ? sweeps < MAX_SWEEPS : settled < SETTLED_SWEEPS && share < PATIENCE);
      Profile profile = fit(measurement.masks, measurement.seconds);
      LOG.info(
          "A round of {} ({} steps of {} samples) takes {} s and per active weight {} s; {} masks were"
              + " timed {} times within {} s",
          architecture.network(),
          localSteps,
          batchSize,
          String.format(Locale.ROOT, "%.3g", profile.fixedSeconds()),
          describe(profile),
          measurement.masks.size(),
          sweeps,
          String.format(Locale.ROOT, "%.1f", (System.nanoTime() - start) / 1e9));
      return profile;
    }
  }

  private String describe(Profile profile) {
    ParameterLayout layout = architecture.layout();
    StringBuilder text = new StringBuilder();
    for (int l = 0; l < layout.prunable().size(); l++) {
      text.append(l == 0 ? "" : ", ")
          .append(layout.prunable().get(l).layer())
          .append(' ')
          .append(String.format(Locale.ROOT, "%.3g", profile.secondsPerWeight[l]));
    }
    return text.toString();
  }

  /**
   * A mask whose time is measured.
   *
   * @param layer the prunable layer that it raises; -1 for the base
   */
  record Timed(int layer, Mask mask) {}

  /**
   * Fits a profile to times.
   *
   * @param masks the first is the base; it belongs to every layer's masks
   * @param seconds of a round under each
   */
  static Profile fit(List<Timed> masks, double[] seconds) {
    int layers = masks.getFirst().mask().keptPerLayer().length;
    double[] slopes = new double[layers];
    for (int l = 0; l < layers; l++) {
      slopes[l] = Math.max(0, slope(l, masks, seconds));
    }
    double[] rest = rest(slopes, masks, seconds);
    double fixed = median(rest);
    double noise =
        MAD_TO_DEVIATION * median(Arrays.stream(rest).map(r -> Math.abs(r - fixed)).toArray());
    for (int l = 0; l < layers; l++) {
      if (slopes[l] * spread(l, masks) < SIGNIFICANT * noise) {
        slopes[l] = 0;
      }
    }
    return new Profile(Math.max(0, median(rest(slopes, masks, seconds))), slopes);
  }

  /** What the slopes leave of each mask's time. */
  private static double[] rest(double[] slopes, List<Timed> masks, double[] seconds) {
    Profile onlySlopes = new Profile(0, slopes);
    double[] rest = new double[seconds.length];
    for (int m = 0; m < seconds.length; m++) {
      rest[m] = seconds[m] - onlySlopes.roundSeconds(masks.get(m).mask().keptPerLayer());
    }
    return rest;
  }

  /** Square root of the summed squared deviations of the number of a layer's weights: noise / spread is the slope's error. */
  private static double spread(int layer, List<Timed> masks) {
    double[] weights =
        IntStream.range(0, masks.size())
            .filter(m -> m == 0 || masks.get(m).layer() == layer)
            .mapToDouble(m -> masks.get(m).mask().kept(layer))
            .toArray();
    double mean = Arrays.stream(weights).average().orElseThrow();
    return Math.sqrt(Arrays.stream(weights).map(w -> (w - mean) * (w - mean)).sum());
  }

  /** The median of the slopes between the masks of a layer; 0 if all of them have the same number of its weights. */
  private static double slope(int layer, List<Timed> masks, double[] seconds) {
    List<Double> slopes = new ArrayList<>();
    for (int a = 0; a < seconds.length; a++) {
      for (int b = a + 1; b < seconds.length; b++) {
        int weights = masks.get(b).mask().kept(layer) - masks.get(a).mask().kept(layer);
        boolean ofLayer =
            (a == 0 || masks.get(a).layer() == layer) && masks.get(b).layer() == layer;
        if (ofLayer && weights != 0) {
          slopes.add((seconds[b] - seconds[a]) / weights);
        }
      }
    }
    return slopes.isEmpty() ? 0 : median(slopes.stream().mapToDouble(s -> s).toArray());
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** The trainer, its input and the times so far. */
  private final class Measurement implements AutoCloseable {

    private final int steps = Math.min(localSteps, MAX_STEPS);
    private final SplitMix64 random = new SplitMix64(0);
    private final Dataset images = randomImages();
    private final int[] indices = new int[steps * batchSize];
    private final float[] model = InitialParameters.of(architecture, 0);
    private final RoundGradients gradients =
        withImportance
            ? new RoundGradients(RoundGradients.Form.IMPORTANCE, new float[model.length])
            : null;
    private final List<Timed> masks = randomMasks();
    private final double[] seconds = new double[masks.size()];
    private final BooleanSupplier cancelled;
    private final LocalTrainer trainer = new LocalTrainer(architecture, loss, batchSize, kernels);

    Measurement(BooleanSupplier cancelled) {
      this.cancelled = cancelled;
      Arrays.setAll(indices, i -> i % images.size());
      Arrays.fill(seconds, Double.POSITIVE_INFINITY);
    }

    /** Runs rounds under one mask after the other. */
    void warmUp() throws InterruptedException {
      for (int round = 0; round * steps < WARM_UP_STEPS; round++) {
        train(masks.get(round % masks.size()).mask(), steps);
      }
    }

    /** Seconds of all masks together, as far as is known. */
    double total() {
      return Arrays.stream(seconds).sum();
    }

    /** Times every mask once. */
    void sweep() throws InterruptedException {
      for (int m : random.permutation(masks.size())) {
        Mask mask = masks.get(m).mask();
        train(mask, 1);
        long start = CpuClock.nanos();
        train(mask, steps);
        double taken = (CpuClock.nanos() - start) / 1e9 * localSteps / steps;
        seconds[m] = Math.min(seconds[m], taken);
      }
    }

    private void train(Mask mask, int count) throws InterruptedException {
      if (Thread.interrupted() || cancelled.getAsBoolean()) {
        throw new InterruptedException("Measuring the cost of a round was interrupted.");
      }
      trainer.train(
          images,
          count == steps ? indices : Arrays.copyOf(indices, count * batchSize),
          count,
          model,
          mask,
          LEARNING_RATE,
          gradients);
    }

    private Dataset randomImages() {
      Dataset.Shape shape =
          new Dataset.Shape(
              architecture.channels(),
              architecture.height(),
              architecture.width(),
              architecture.classes());
      byte[] pixels = new byte[Math.multiplyExact(batchSize, shape.imageSize())];
      random.nextBytes(pixels);
      int[] labels = new int[batchSize];
      Arrays.setAll(labels, i -> i % architecture.classes());
      return Dataset.ofBytes(shape, pixels, labels);
    }

    private List<Timed> randomMasks() {
      ParameterLayout layout = architecture.layout();
      List<BitSet> base = new ArrayList<>();
      for (int l = 0; l < layout.prunable().size(); l++) {
        base.add(RandomMask.ofLayer(layout.prunable().get(l).size(), BASE_DENSITY, random));
      }
      List<Timed> all = new ArrayList<>();
      all.add(new Timed(-1, Mask.of(layout, base)));
      for (int l = 0; l < base.size(); l++) {
        for (double density : DENSITIES) {
          List<BitSet> raised = new ArrayList<>(base);
          raised.set(l, RandomMask.ofLayer(layout.prunable().get(l).size(), density, random));
          all.add(new Timed(l, Mask.of(layout, raised)));
        }
      }
      return all;
    }

    @Override
    public void close() {
      trainer.close();
    }
  }
}
