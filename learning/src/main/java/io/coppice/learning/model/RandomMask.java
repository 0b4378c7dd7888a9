package io.coppice.learning.model;

import io.coppice.learning.random.SplitMix64;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Masks of one density in every layer, each set of weights of that size being as likely as any other. */
public final class RandomMask {

  private RandomMask() {}

  /**
   * A mask under which every prunable layer has {@code round(density x weights)} active weights, at least 1.
   *
   * @param density above 0 and at most 1
   * @param seed the same seed gives the same mask
   */
  public static Mask of(ParameterLayout layout, double density, long seed) {
    List<BitSet> layers = new ArrayList<>();
    for (ParameterTensor weight : layout.prunable()) {
      layers.add(
          ofLayer(weight.size(), density, new SplitMix64(SplitMix64.seed(seed, layers.size()))));
    }
    return Mask.of(layout, layers);
  }

  /**
   * The bits of one layer of {@link #of}.
   *
   * @param weights of the layer
   */
  public static BitSet ofLayer(int weights, double density, SplitMix64 random) {
    int kept = (int) Math.max(1, Math.round(density * weights));
    return choose(kept, weights, random);
  }

  /** Selection sampling (Knuth, The Art of Computer Programming, volume 2, algorithm 3.4.2 S): one pass, exact in number. */
  private static BitSet choose(int kept, int size, SplitMix64 random) {
    BitSet bits = new BitSet(size);
    int missing = kept;
    for (int i = 0; missing > 0; i++) {
      if (random.nextInt(size - i) < missing) {
        bits.set(i);
        missing--;
      }
    }
    return bits;
  }
}
