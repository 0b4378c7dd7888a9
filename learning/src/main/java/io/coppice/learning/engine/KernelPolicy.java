package io.coppice.learning.engine;

import java.util.Map;

/**
 * Which layers are computed by their active weights, and which by ND4J with the pruned ones as zeros: those up to a density, the
 * layer's crossover, are sparse. {@link Crossovers} measures it.
 *
 * @param crossover density up to which a layer is sparse; below 0 none is, from 1 on all are
 * @param byLayer the crossovers of layers that differ from that, by name
 */
public record KernelPolicy(double crossover, Map<String, Double> byLayer) {

  /** Where sparse and dense are about equal in the larger layers of the known networks (docs/performance.md). */
  private static final double USUAL = 0.45;

  public KernelPolicy {
    byLayer = Map.copyOf(byLayer);
  }

  /** Every layer by ND4J. */
  public static KernelPolicy dense() {
    return new KernelPolicy(-1, Map.of());
  }

  /** Every layer by its active weights, whatever its density. */
  public static KernelPolicy sparse() {
    return new KernelPolicy(1, Map.of());
  }

  /** The usual crossover for every layer: the same choice on every machine. */
  public static KernelPolicy usual() {
    return new KernelPolicy(USUAL, Map.of());
  }

  /** Whether a layer of a density is sparse. */
  public boolean isSparse(String layer, double density) {
    return density <= byLayer.getOrDefault(layer, crossover);
  }
}
