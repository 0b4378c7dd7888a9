package io.coppice.learning.data;

import io.coppice.learning.random.GammaSampler;
import io.coppice.learning.random.SplitMix64;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Label skew: the samples of each class are shared in proportions drawn from a symmetric Dirichlet distribution over the agents
 * (Hsu, Qi, Brown: Measuring the Effects of Non-Identical Data Distribution for Federated Visual Classification, 2019, in the
 * class-wise form of Li et al.: Federated Learning on Non-IID Data Silos, 2022). Small alpha: an agent sees few classes; large
 * alpha: all agents see much the same. Drawn anew until every agent has at least 10 samples.
 */
final class DirichletPartitioner implements Partitioner {

  private static final int LEAST_SAMPLES = 10;
  private static final int ATTEMPTS = 1000;

  private final double alpha;

  DirichletPartitioner(double alpha) {
    if (!(alpha > 0 && alpha < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "Alpha of a dirichlet partition must be a number above 0, not " + alpha + ".");
    }
    this.alpha = alpha;
  }

  @Override
  public int[][] split(Dataset data, int agents, long seed) {
    Partitioners.checkAgents(data, agents);
    if ((long) LEAST_SAMPLES * agents <= data.size()) {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        int[][] shares = draw(data, agents, new SplitMix64(SplitMix64.seed(seed, attempt)));
        if (Arrays.stream(shares).allMatch(share -> share.length >= LEAST_SAMPLES)) {
          return shares;
        }
      }
    }
    throw new IllegalArgumentException(
        String.format(
            "dirichlet:%s cannot give each of %d agents at least %d of %d samples: use a larger alpha or fewer agents.",
            alpha, agents, LEAST_SAMPLES, data.size()));
  }

  private int[][] draw(Dataset data, int agents, SplitMix64 random) {
    IntStream.Builder[] shares = new IntStream.Builder[agents];
    Arrays.setAll(shares, a -> IntStream.builder());
    for (int c = 0; c < data.classes(); c++) {
      int label = c;
      int[] samples = IntStream.range(0, data.size()).filter(i -> data.label(i) == label).toArray();
      int[] order = random.permutation(samples.length);
      double[] proportions = proportions(agents, random);
      double cumulated = 0;
      int from = 0;
      for (int a = 0; a < agents; a++) {
        cumulated += proportions[a];
        int to =
            a == agents - 1
                ? samples.length
                : Math.min(samples.length, (int) (cumulated * samples.length));
        while (from < to) {
          shares[a].add(samples[order[from++]]);
        }
      }
    }
    return Arrays.stream(shares)
        .map(share -> share.build().sorted().toArray())
        .toArray(int[][]::new);
  }

  /** A draw from the Dirichlet distribution: gamma variates over their sum; by logarithms, as for small alpha they underflow. */
  private double[] proportions(int agents, SplitMix64 random) {
    double[] logs = new double[agents];
    double highest = Double.NEGATIVE_INFINITY;
    for (int a = 0; a < agents; a++) {
      logs[a] = logGamma(random);
      highest = Math.max(highest, logs[a]);
    }
    double[] proportions = new double[agents];
    double sum = 0;
    for (int a = 0; a < agents; a++) {
      proportions[a] = StrictMath.exp(logs[a] - highest);
      sum += proportions[a];
    }
    for (int a = 0; a < agents; a++) {
      proportions[a] /= sum;
    }
    return proportions;
  }

  /** The logarithm of a gamma variate of shape alpha, as one of shape alpha + 1 times U^(1 / alpha) (Marsaglia and Tsang, 2000). */
  private double logGamma(SplitMix64 random) {
    double gamma = GammaSampler.next(alpha + 1, random);
    double power = StrictMath.log(1 - random.nextDouble()) / alpha;
    return StrictMath.log(gamma) + power;
  }
}
