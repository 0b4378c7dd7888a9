package io.coppice.learning.data;

/** A way to share the samples of a data set among agents. */
@FunctionalInterface
public interface Partitioner {

  /**
   * Shares samples.
   *
   * @param data the samples
   * @param agents number of agents, at least 1
   * @param seed the same seed gives the same shares on every machine
   * @return every agent's samples as indices into {@code data}, none of them twice
   * @throws IllegalArgumentException if the samples cannot be shared like this
   * @throws DataFormatException if a file says how to share, and does not fit the data
   */
  int[][] split(Dataset data, int agents, long seed);
}
