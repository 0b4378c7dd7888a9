package io.coppice.learning.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.random.BetaSampler;
import io.coppice.learning.random.SplitMix64;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * The adjustment of FedRTS (Huang et al.: Federated Robust Pruning via Combinatorial Thompson Sampling, NeurIPS 2025, arXiv
 * 2501.19122; {@code api/distributed/fedrts/FedRTSAggregator.py} of the authors' library FedPruning): which weights deserve to be
 * active is a bandit problem. For every weight there is a beta distribution of the probability that it does, from Beta(1, 1) on.
 * An adjustment adds what the round says about it, then draws from all of them, and in every layer as many weights as before, those
 * of the largest draws, are active.
 *
 * <p>What a round says is a mixture of the agents' votes ({@link Votes}) and the view of the aggregated model, which is 1 for an
 * active weight among its largest, 0 for other active ones, and, since a model knows nothing of weights that are pruned, 0.5 for
 * those.
 *
 * <p>Not thread-safe.
 */
public final class ThompsonSampling {

  /** The share of the agents' votes in an outcome: gamma of the authors' code ({@code aggregated_gamma}). */
  static final float VOTES_SHARE = 0.5f;

  /** How many observations an outcome counts for: lambda of the authors' code ({@code initial_distribution_ratio}). */
  static final float OBSERVATIONS = 10;

  /** The fraction of active weights that an adjustment in round 0 would put up: {@code adjust_alpha} of the authors' code. */
  static final double MAX_FRACTION = 0.2;

  private final ParameterLayout layout;
  private final List<float[]> alphas = new ArrayList<>();
  private final List<float[]> betas = new ArrayList<>();

  /** Without any knowledge: every weight is as likely to deserve as not. */
  public ThompsonSampling(ParameterLayout layout) {
    this.layout = layout;
    for (ParameterTensor weight : layout.prunable()) {
      alphas.add(ones(weight.size()));
      betas.add(ones(weight.size()));
    }
  }

  private static float[] ones(int size) {
    float[] ones = new float[size];
    Arrays.fill(ones, 1);
    return ones;
  }

  /**
   * The fraction of each layer's active weights that a round's votes put up for exchange. The agents and the policy have to count
   * with the same one.
   *
   * @param round from 0
   * @param last the last round after which the mask is adjusted, at least 1: there the fraction is 0
   * @return in [0, 0.2]
   */
  public static double adjustedFraction(int round, int last) {
    return ReconfigurationSchedule.cosineDecrease(round, MAX_FRACTION, last);
  }

  /**
   * Learns from a round, and draws the next mask.
   *
   * @param mask the mask of the round
   * @param parameters the aggregated model, all parameters in layout order
   * @param votes of the agents, their mean weighted by samples, one value a parameter in layout order; what lies outside [0, 1]
   *     is taken as the nearer end
   * @param fraction of the round ({@link #adjustedFraction})
   * @param seed the same numbers and the same seed give the same mask
   * @return a mask with as many active weights in every layer; of equal draws, the lower index is active
   * @throws IllegalArgumentException if the fraction is out of range, a vote or an active weight is NaN, or the lengths do not fit
   *     the layout; nothing has been learnt then
   */
  public Mask adjust(Mask mask, float[] parameters, float[] votes, double fraction, long seed) {
    MagnitudePruning.checkFraction(fraction);
    MagnitudePruning.checkLength("parameters", parameters, layout);
    MagnitudePruning.checkLength("votes", votes, layout);
    List<BitSet> core = new ArrayList<>();
    for (int l = 0; l < layout.prunable().size(); l++) {
      checkVotes(layout.prunable().get(l), votes);
      core.add(Votes.core(mask, l, parameters, fraction));
    }
    List<BitSet> layers = new ArrayList<>();
    float[] draws = new float[layout.size()];
    for (int l = 0; l < core.size(); l++) {
      ParameterTensor weight = layout.prunable().get(l);
      learn(weight, mask.bits(l), core.get(l), votes, alphas.get(l), betas.get(l));
      draw(weight, draws, alphas.get(l), betas.get(l), SplitMix64.seed(seed, l));
      BitSet all = new BitSet(weight.size());
      all.set(0, weight.size());
      layers.add(TopWeights.largest(weight, all, draws, mask.kept(l), "draw"));
    }
    return Mask.of(layout, layers);
  }

  private static void checkVotes(ParameterTensor weight, float[] votes) {
    for (int i = weight.offset(); i < weight.end(); i++) {
      if (Float.isNaN(votes[i])) {
        throw new IllegalArgumentException(
            "The votes for weight "
                + (i - weight.offset())
                + " of layer "
                + weight.layer()
                + " are NaN.");
      }
    }
  }

  private static void learn(
      ParameterTensor weight,
      BitSet active,
      BitSet core,
      float[] votes,
      float[] alpha,
      float[] beta) {
    for (int i = 0; i < weight.size(); i++) {
      float model = !active.get(i) ? 0.5f : core.get(i) ? 1 : 0;
      float vote = Math.clamp(votes[weight.offset() + i], 0f, 1f);
      float outcome = (1 - VOTES_SHARE) * model + VOTES_SHARE * vote;
      alpha[i] += OBSERVATIONS * outcome;
      beta[i] += OBSERVATIONS * (1 - outcome);
    }
  }

  private static void draw(
      ParameterTensor weight, float[] draws, float[] alpha, float[] beta, long seed) {
    BetaSampler sampler = new BetaSampler(new SplitMix64(seed));
    for (int i = 0; i < alpha.length; i++) {
      draws[weight.offset() + i] = (float) sampler.next(alpha[i], beta[i]);
    }
  }

  /** The mean of a weight's distribution: how likely it is thought to deserve to be active, in (0, 1). */
  double mean(int layer, int index) {
    double alpha = alphas.get(layer)[index];
    return alpha / (alpha + betas.get(layer)[index]);
  }
}
