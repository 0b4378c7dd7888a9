package io.coppice.audit.explain;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;

/**
 * All masks of a run, of each one what a picture shows.
 *
 * @param layers every prunable layer, in layout order
 * @param masks in the order in which they took effect
 */
public record MaskHistory(List<Layer> layers, List<Entry> masks) {

  /** The most bins that the output units of a layer are put into. */
  public static final int MAX_BINS = 64;

  /**
   * A prunable layer.
   *
   * @param name as in the architecture
   * @param shape of the weight tensor, output units first
   * @param units its output units
   * @param bins into which neighbouring units are put: as many as there are units, at most {@link #MAX_BINS}
   */
  public record Layer(String name, List<Integer> shape, int units, int bins) {

    /** The first unit of a bin; for the one behind the last bin, the number of units. */
    public int from(int bin) {
      return (int) ((long) bin * units / bins);
    }
  }

  /**
   * A mask.
   *
   * @param version its version
   * @param effectiveRound the first round under it
   * @param density active / prunable weights, in [0, 1]
   * @param layerDensities the same of every layer
   * @param active the fraction of a bin's weights that is active, by layer and bin; not in the JSON
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Entry(
      int version,
      int effectiveRound,
      double density,
      List<Double> layerDensities,
      @JsonIgnore float[][] active) {}
}
