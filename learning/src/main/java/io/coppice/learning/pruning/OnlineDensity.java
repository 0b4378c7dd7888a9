package io.coppice.learning.pruning;

import java.util.random.RandomGenerator;

/**
 * Controls how many weights a model has by the sign of an estimated gradient: whether a little less loss is cheaper to have with k
 * weights or with the somewhat fewer of an auxiliary model (class {@code OcoGradEstimation} in {@code
 * bases/fl/simulation/online.py} of PruneFL's authors, after Han, Wang, Leung: Adaptive Gradient Sparsification for Efficient
 * Federated Learning, an Online Learning Approach, ICDCS 2020). The range in which k may lie is fitted to where it has been.
 *
 * <p>It differs from the authors' code in models so small that 0.2 % of their weights are fewer than 2: k is at least 2 and the
 * auxiliary number at least 1 there, where theirs become 0.
 *
 * <p>Not thread-safe.
 */
public final class OnlineDensity {

  private static final double LEAST = 0.002;
  private static final double FIRST_AUXILIARY = 0.9;
  private static final double LEAST_AUXILIARY = 0.1;
  private static final int PATIENCE = 10;
  private static final int WINDOW = 20;
  private static final double MARGIN = 1.5;

  /**
   * What a step rests on.
   *
   * @param previousLoss of the model of the round before
   * @param loss of the model with k weights
   * @param auxiliaryLoss of the model with the auxiliary number of weights
   * @param cost of a round with k weights
   * @param auxiliaryCost of a round with the auxiliary number of weights
   */
  public record Observation(
      double previousLoss, double loss, double auxiliaryLoss, double cost, double auxiliaryCost) {

    /** Whether both models have learnt, so that what they cost for the same progress can be compared. */
    boolean comparable() {
      return previousLoss > loss && previousLoss > auxiliaryLoss && Double.isFinite(previousLoss);
    }

    /** What the auxiliary model costs for as much progress as the other one makes in a round. */
    double costOfSameProgress() {
      return auxiliaryCost * ((previousLoss - loss) / (previousLoss - auxiliaryLoss));
    }
  }

  /** What a step did. */
  public enum Outcome {
    /** The models could not be compared, and k stayed for now. */
    WAITED,
    /** The models could not be compared for so long that k rose. */
    GAVE_UP,
    /** Fewer weights are cheaper, and k fell. */
    FEWER,
    /** More weights are cheaper, and k rose. */
    MORE,
    /** Both cost the same, and k stayed. */
    EQUAL
  }

  private final int leastEver;
  private final int mostEver;
  private int least;
  private int most;
  private int k;
  private int auxiliary;
  private double step;
  private int waited;
  private int reference;
  private int stayed;
  private int seen;
  private int lowest;
  private int highest;

  /**
   * Begins with all weights, and nine tenths of them in the auxiliary model.
   *
   * @param weights that can be pruned, at least 2
   * @throws IllegalArgumentException if there are fewer
   */
  public OnlineDensity(int weights) {
    if (weights < 2) {
      throw new IllegalArgumentException(
          "The number of weights can only be controlled where there are at least 2, not "
              + weights
              + ".");
    }
    leastEver = (int) Math.max(2, Math.rint(weights * LEAST));
    mostEver = weights;
    least = leastEver;
    most = mostEver;
    k = weights;
    auxiliary = Math.min((int) Math.ceil(weights * FIRST_AUXILIARY), weights - 1);
    forget();
  }

  /** The number of weights of the model. */
  public int k() {
    return k;
  }

  /** The number of weights of the auxiliary model, at least 1 and less than {@link #k}. */
  public int auxiliary() {
    return auxiliary;
  }

  /** The step size of the last step, in weights; 0 before the first. */
  public double stepSize() {
    return step;
  }

  /** The least number of weights that k may have now. */
  public int least() {
    return least;
  }

  /** The largest number of weights that k may have now. */
  public int most() {
    return most;
  }

  /**
   * Goes one step.
   *
   * @param round from 0, later than that of the step before
   * @param random rounds k, then the auxiliary number
   */
  public Outcome step(int round, Observation observation, RandomGenerator random) {
    int time = round + 1;
    step = (most - least) / StrictMath.sqrt(2.0 * (time - reference));
    Outcome outcome = move(observation, random);
    k = Math.clamp(k, least, most);
    auxiliary = round(k - step / 2, random);
    if (auxiliary < LEAST_AUXILIARY * least) {
      auxiliary = (int) Math.ceil(LEAST_AUXILIARY * least);
    }
    auxiliary = Math.min(auxiliary, k - 1);
    if (outcome != Outcome.WAITED) {
      remember(time);
    }
    return outcome;
  }

  private Outcome move(Observation observation, RandomGenerator random) {
    if (!observation.comparable()) {
      if (waited <= PATIENCE) {
        waited++;
        return Outcome.WAITED;
      }
      waited = 0;
      k = round(k + step, random);
      return Outcome.GAVE_UP;
    }
    waited = 0;
    // The authors divide by k - auxiliary, which is positive.
    double sign = Math.signum(observation.cost() - observation.costOfSameProgress());
    k = round(k - step * sign, random);
    return sign > 0 ? Outcome.FEWER : sign < 0 ? Outcome.MORE : Outcome.EQUAL;
  }

  /**
   * Notes where k has been. Every so many steps the range is fitted to that, where it has held for at least as long as the one
   * before and the new one is so much narrower that beginning anew with it lessens the bound of the regret.
   */
  private void remember(int time) {
    lowest = Math.min(lowest, k);
    highest = Math.max(highest, k);
    if (++seen < WINDOW) {
      return;
    }
    int low = (int) Math.rint(Math.max(lowest / MARGIN, leastEver));
    int high = (int) Math.rint(Math.min(highest * MARGIN, mostEver));
    int since = time - reference;
    int width = most - least;
    if (high > low && since >= stayed && width + (high - low) <= width * StrictMath.sqrt(2)) {
      least = low;
      most = high;
      reference = time;
      stayed = since;
    }
    forget();
  }

  private void forget() {
    seen = 0;
    lowest = mostEver;
    highest = leastEver;
  }

  /** Rounds up with the probability of the fraction. */
  private static int round(double value, RandomGenerator random) {
    double floor = Math.floor(value);
    return (int) (random.nextDouble() < value - floor ? floor + 1 : floor);
  }
}
