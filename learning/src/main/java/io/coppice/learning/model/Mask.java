package io.coppice.learning.model;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Which weights are active. One bitmap a prunable layer; parameters that cannot be pruned are always active.
 *
 * <p>A vector of <em>active values</em> holds the values of all active parameters in layout order: that is what updates and
 * aggregates carry. Immutable.
 */
public final class Mask {

  private final ParameterLayout layout;

  /** One bit set a prunable layer; bit i belongs to the layer's i-th weight in row-major order. */
  private final List<BitSet> layers;

  private final int[] kept;

  private Mask(ParameterLayout layout, List<BitSet> layers) {
    this.layout = layout;
    this.layers = layers;
    this.kept = layers.stream().mapToInt(BitSet::cardinality).toArray();
  }

  /** The mask under which every weight is active. */
  public static Mask full(ParameterLayout layout) {
    List<BitSet> layers = new ArrayList<>();
    for (ParameterTensor weight : layout.prunable()) {
      BitSet bits = new BitSet(weight.size());
      bits.set(0, weight.size());
      layers.add(bits);
    }
    return new Mask(layout, layers);
  }

  /**
   * A mask from one bit set a prunable layer.
   *
   * @throws IllegalArgumentException if a layer is missing, or a bit lies behind the layer's last weight
   */
  public static Mask of(ParameterLayout layout, List<BitSet> layers) {
    if (layers.size() != layout.prunable().size()) {
      throw new IllegalArgumentException(
          "A mask needs " + layout.prunable().size() + " layers, not " + layers.size() + ".");
    }
    List<BitSet> copies = new ArrayList<>();
    for (int l = 0; l < layers.size(); l++) {
      ParameterTensor weight = layout.prunable().get(l);
      if (layers.get(l).length() > weight.size()) {
        throw new IllegalArgumentException(
            "The mask of layer "
                + weight.layer()
                + " reaches behind its "
                + weight.size()
                + " weights.");
      }
      copies.add((BitSet) layers.get(l).clone());
    }
    return new Mask(layout, copies);
  }

  /**
   * A mask from its bitmaps, the inverse of {@link #bitmap}.
   *
   * @throws IllegalArgumentException if a layer is missing, or a bitmap has another length than its layer needs
   */
  public static Mask ofBitmaps(ParameterLayout layout, List<byte[]> bitmaps) {
    List<BitSet> layers = new ArrayList<>();
    for (int l = 0; l < bitmaps.size(); l++) {
      if (l < layout.prunable().size()
          && bitmaps.get(l).length != bitmapBytes(layout.prunable().get(l).size())) {
        throw new IllegalArgumentException(
            String.format(
                "The bitmap of layer %s has %d bytes, but %d weights need %d.",
                layout.prunable().get(l).layer(),
                bitmaps.get(l).length,
                layout.prunable().get(l).size(),
                bitmapBytes(layout.prunable().get(l).size())));
      }
      layers.add(BitSet.valueOf(bitmaps.get(l)));
    }
    return of(layout, layers);
  }

  /** The layout that the mask belongs to. */
  public ParameterLayout layout() {
    return layout;
  }

  /** Number of active weights of a prunable layer. */
  public int kept(int layer) {
    return kept[layer];
  }

  /** Number of active weights of every prunable layer. */
  public int[] keptPerLayer() {
    return kept.clone();
  }

  /** Number of active weights of all layers. */
  public int kept() {
    int sum = 0;
    for (int count : kept) {
      sum += count;
    }
    return sum;
  }

  /** Active weights plus the parameters that cannot be pruned: the length of a vector of active values. */
  public int activeParameters() {
    return kept() + layout.fixedSize();
  }

  /** Active weights / prunable weights, in [0, 1]. */
  public double density() {
    return layout.prunableSize() == 0 ? 1 : (double) kept() / layout.prunableSize();
  }

  /** Active weights / weights of one prunable layer, in [0, 1]. */
  public double density(int layer) {
    return (double) kept[layer] / layout.prunable().get(layer).size();
  }

  /** Whether weight {@code index} (row-major) of a prunable layer is active. */
  public boolean isActive(int layer, int index) {
    return layers.get(layer).get(index);
  }

  /** A copy of a prunable layer's bits. */
  public BitSet bits(int layer) {
    return (BitSet) layers.get(layer).clone();
  }

  /** A prunable layer's bits as bytes: weight i is bit (i mod 8), from the least significant, of byte (i div 8). */
  public byte[] bitmap(int layer) {
    byte[] bitmap = new byte[bitmapBytes(layout.prunable().get(layer).size())];
    byte[] used = layers.get(layer).toByteArray();
    System.arraycopy(used, 0, bitmap, 0, used.length);
    return bitmap;
  }

  /**
   * Bytes of a model under this mask, stored or sent: a bitmap a prunable layer and the active values as float32; without the
   * bitmaps if every weight is active.
   */
  public long modelBytes() {
    long bitmaps = 0;
    if (kept() < layout.prunableSize()) {
      for (ParameterTensor weight : layout.prunable()) {
        bitmaps += bitmapBytes(weight.size());
      }
    }
    return bitmaps + (long) Float.BYTES * activeParameters();
  }

  /**
   * Collects the active values.
   *
   * @param parameters all parameters, in layout order
   * @return the active ones, in layout order
   */
  public float[] gather(float[] parameters) {
    float[] active = new float[activeParameters()];
    int next = 0;
    int layer = 0;
    for (ParameterTensor tensor : layout.tensors()) {
      if (!tensor.prunable()) {
        System.arraycopy(parameters, tensor.offset(), active, next, tensor.size());
        next += tensor.size();
        continue;
      }
      BitSet bits = layers.get(layer++);
      for (int i = bits.nextSetBit(0); i >= 0; ) {
        int end = bits.nextClearBit(i);
        System.arraycopy(parameters, tensor.offset() + i, active, next, end - i);
        next += end - i;
        i = bits.nextSetBit(end);
      }
    }
    return active;
  }

  /**
   * Adds active values to the parameters that they belong to; pruned parameters stay as they are.
   *
   * @param active one value for every active parameter, in layout order
   * @param parameters all parameters, in layout order; changed in place
   */
  public void scatterAdd(float[] active, float[] parameters) {
    int next = 0;
    int layer = 0;
    for (ParameterTensor tensor : layout.tensors()) {
      int base = tensor.offset();
      if (!tensor.prunable()) {
        for (int i = 0; i < tensor.size(); i++) {
          parameters[base + i] += active[next++];
        }
        continue;
      }
      BitSet bits = layers.get(layer++);
      for (int i = bits.nextSetBit(0); i >= 0; ) {
        int end = bits.nextClearBit(i);
        while (i < end) {
          parameters[base + i++] += active[next++];
        }
        i = bits.nextSetBit(end);
      }
    }
  }

  /** Sets every pruned parameter to zero, in place. */
  public void zeroPruned(float[] parameters) {
    for (int l = 0; l < layers.size(); l++) {
      ParameterTensor tensor = layout.prunable().get(l);
      BitSet bits = layers.get(l);
      for (int i = bits.nextClearBit(0); i < tensor.size(); ) {
        int end = bits.nextSetBit(i);
        end = end < 0 ? tensor.size() : end;
        java.util.Arrays.fill(parameters, tensor.offset() + i, tensor.offset() + end, 0f);
        i = bits.nextClearBit(end);
      }
    }
  }

  /** The mask as factors: 1 for every active parameter, 0 for every pruned one, in layout order. */
  public float[] factors() {
    float[] factors = new float[layout.size()];
    java.util.Arrays.fill(factors, 1f);
    zeroPruned(factors);
    return factors;
  }

  /** Weights active here but not in {@code earlier}, one entry a prunable layer. */
  public int[] grownSince(Mask earlier) {
    int[] grown = new int[layers.size()];
    for (int l = 0; l < grown.length; l++) {
      BitSet now = bits(l);
      now.andNot(earlier.layers.get(l));
      grown[l] = now.cardinality();
    }
    return grown;
  }

  private static int bitmapBytes(int weights) {
    return (weights + 7) / 8;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Mask mask && mask.layout.equals(layout) && mask.layers.equals(layers);
  }

  @Override
  public int hashCode() {
    return layers.hashCode();
  }

  @Override
  public String toString() {
    return String.format(
        "mask of density %.4f, %d active parameters", density(), activeParameters());
  }
}
