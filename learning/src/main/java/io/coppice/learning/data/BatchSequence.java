package io.coppice.learning.data;

import io.coppice.learning.random.SplitMix64;

/**
 * The endless order in which one agent walks over its samples: one permutation of all samples after the other. A round takes
 * the next {@code steps x batchSize} of them, so an epoch may end inside a batch, and an agent with few samples meets some of
 * them twice in a round, as in the authors' code.
 *
 * <p>A function of (seed, agent, round) without state, so an agent that was restarted gets the batches that it would have had.
 * Epoch e is {@link SplitMix64#permutation} under {@code SplitMix64.seed(seed, SplitMix64.seed(agent), e)}.
 */
public final class BatchSequence {

  private final int samples;
  private final long seed;
  private final long agent;

  /**
   * @param samples number of the agent's samples, at least 1
   * @param seed the run's seed
   * @param agent the agent's name
   * @throws IllegalArgumentException if there are no samples
   */
  public BatchSequence(int samples, long seed, String agent) {
    if (samples < 1) {
      throw new IllegalArgumentException(
          "Agent " + agent + " has no samples; it needs at least 1 to train.");
    }
    this.samples = samples;
    this.seed = seed;
    this.agent = SplitMix64.seed(agent);
  }

  /**
   * The samples of a round, batch after batch.
   *
   * @param round from 0; the sequence assumes that every round takes as many samples as this one
   * @param steps local steps, at least 0
   * @param batchSize samples a step, at least 0
   * @return {@code steps x batchSize} indices in [0, samples)
   */
  public int[] indices(int round, int steps, int batchSize) {
    int[] indices = new int[Math.multiplyExact(steps, batchSize)];
    long position = (long) round * indices.length;
    for (int filled = 0; filled < indices.length; ) {
      int[] epoch = epoch((position + filled) / samples);
      int start = (int) ((position + filled) % samples);
      int count = Math.min(samples - start, indices.length - filled);
      System.arraycopy(epoch, start, indices, filled, count);
      filled += count;
    }
    return indices;
  }

  private int[] epoch(long number) {
    return new SplitMix64(SplitMix64.seed(seed, agent, number)).permutation(samples);
  }
}
