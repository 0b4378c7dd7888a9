package io.coppice.learning.kernels;

/**
 * The active weights of a convolution, by output map: compressed sparse rows whose columns are offsets into the padded input.
 * Within a map they are in the order of their offsets' input channels.
 *
 * <p>The maps' weights are cut into blocks of input channels, so that what a block sees of the input stays in the first-level
 * cache while all maps go over it.
 */
public final class Taps {

  /** A block holds at least so many weights of a map in the mean: below, loading and storing the sums would prevail. */
  private static final int WEIGHTS_A_BLOCK = 24;

  /** Input channels of which a few rows fit into a first-level cache. */
  private static final int CHANNELS_A_BLOCK = 8;

  private final int maps;
  private final int blocks;
  private final int[] blockStarts;
  private final int[] offsets;
  private final float[] values;

  /**
   * @param starts index of every map's first weight, and behind the last map's the number of weights
   * @param channels the input channel of each weight, ascending within a map
   * @param offsets the weights' offsets into the input
   * @param inputChannels number of input channels
   */
  public Taps(int[] starts, int[] channels, int[] offsets, int inputChannels) {
    this.maps = starts.length - 1;
    this.offsets = offsets;
    this.values = new float[offsets.length];
    int perMap = offsets.length / Math.max(1, maps);
    this.blocks =
        Math.clamp(perMap / WEIGHTS_A_BLOCK, 1, Math.ceilDiv(inputChannels, CHANNELS_A_BLOCK));
    int channelsABlock = Math.ceilDiv(inputChannels, blocks);
    this.blockStarts = new int[maps * blocks + 1];
    for (int map = 0; map < maps; map++) {
      int k = starts[map];
      for (int block = 0; block < blocks; block++) {
        blockStarts[map * blocks + block] = k;
        while (k < starts[map + 1] && channels[k] < (block + 1) * channelsABlock) {
          k++;
        }
      }
    }
    blockStarts[maps * blocks] = offsets.length;
  }

  /** The active weights' values, to be read and changed in place. */
  public float[] values() {
    return values;
  }

  /** Number of active weights. */
  public int size() {
    return values.length;
  }

  int maps() {
    return maps;
  }

  int blocks() {
    return blocks;
  }

  int[] offsets() {
    return offsets;
  }

  /** Index of the first weight of a map. */
  int start(int map) {
    return blockStarts[map * blocks];
  }

  /** Index behind the last weight of a map. */
  int end(int map) {
    return blockStarts[(map + 1) * blocks];
  }

  /** Index of the first weight of a map in a block of input channels. */
  int start(int map, int block) {
    return blockStarts[map * blocks + block];
  }

  /** Index behind the last weight of a map in a block of input channels. */
  int end(int map, int block) {
    return blockStarts[map * blocks + block + 1];
  }
}
