package io.coppice.learning.pruning;

/**
 * What a round costs: {@code fixedSeconds + sum over layers of activeWeights[l] x secondsPerWeight(l)} (PruneFL,
 * the time T(M)). Biases cost nothing.
 *
 * @param name where the figures come from
 * @param fixedSeconds seconds that do not depend on the mask, at least 0
 * @param communicationSecondsPerWeight seconds to send one active weight up and down, at least 0
 * @param computationSecondsPerWeight seconds to compute with one active weight in all local steps of a round, one entry a
 *     prunable layer, at least 0
 */
public record CostModel(
    String name,
    double fixedSeconds,
    double communicationSecondsPerWeight,
    double[] computationSecondsPerWeight) {

  public CostModel {
    computationSecondsPerWeight = computationSecondsPerWeight.clone();
  }

  @Override
  public double[] computationSecondsPerWeight() {
    return computationSecondsPerWeight.clone();
  }

  /** Number of prunable layers. */
  public int layers() {
    return computationSecondsPerWeight.length;
  }

  /** Seconds a round for one active weight of a prunable layer. */
  public double secondsPerWeight(int layer) {
    return communicationSecondsPerWeight + computationSecondsPerWeight[layer];
  }

  /** Seconds of a round under a mask with these numbers of active weights. */
  public double roundSeconds(int[] activeWeights) {
    double seconds = fixedSeconds;
    for (int l = 0; l < activeWeights.length; l++) {
      seconds += activeWeights[l] * secondsPerWeight(l);
    }
    return seconds;
  }
}
