package io.coppice.audit.explain;

import io.coppice.schemas.MaskOrigin;
import java.util.List;

/**
 * The mask in force in a round.
 *
 * @param version its version
 * @param effectiveRound the first round under it
 * @param origin how it came about
 * @param activeWeights active prunable weights
 * @param activeParameters those and all parameters that cannot be pruned
 * @param density active / prunable weights, in [0, 1]
 * @param layers every prunable layer, in layout order
 * @param estimatedSeconds of a round under it, by the cost model that it was decided with, or the run's own
 * @param probeDensity the fraction of every layer's weights that the smaller model has whose loss agents report; null: none is asked
 *     for
 * @param initial for the mask that the run starts from, whether it is the one that it should start from; null for others
 * @param digest content digest, hexadecimal
 * @param record place of the MaskPublished
 */
public record MaskFacts(
    int version,
    int effectiveRound,
    MaskOrigin origin,
    int activeWeights,
    int activeParameters,
    double density,
    List<Layer> layers,
    double estimatedSeconds,
    Double probeDensity,
    Initial initial,
    String digest,
    String record) {

  /**
   * A prunable layer under a mask.
   *
   * @param name as in the architecture
   * @param shape of the weight tensor, output units first
   * @param weights the product of the shape
   * @param active active ones
   * @param density active / weights, in [0, 1]
   */
  public record Layer(String name, List<Integer> shape, int weights, int active, double density) {}

  /**
   * The mask that a run starts from.
   *
   * @param from {@code the policy}, or the mask of another run that the definition names
   * @param check the published mask against what it should be
   */
  public record Initial(String from, Recomputation check) {}
}
