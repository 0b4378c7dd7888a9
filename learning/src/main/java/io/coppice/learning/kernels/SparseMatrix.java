package io.coppice.learning.kernels;

import java.util.Arrays;

/**
 * The active weights of a linear layer: compressed sparse rows, cut into blocks of columns whose inputs and gradients stay in the
 * first-level cache while all rows go over them. A weight lies with its block, and in it with its row.
 *
 * <p>A column index takes two bytes: going over the weights is bound by memory, and this is a quarter less of it.
 */
public final class SparseMatrix {

  /** Largest number of columns. */
  public static final int MAX_COLUMNS = 1 << Character.SIZE;

  /** Inputs, and as many gradients, that fit into a first-level cache beside all else. */
  private static final int FLOATS_A_BLOCK = 2560;

  /** A block holds at least so many weights of a row in the mean: below, loading and storing the sums would prevail. */
  private static final int WEIGHTS_A_BLOCK = 48;

  private final int rows;
  private final int blocks;
  private final int[] starts;
  private final char[] columns;
  private final float[] values;
  private final int[] indices;
  private final int[] ranks;

  /**
   * A matrix in blocks, for training.
   *
   * @param rows outputs of the layer
   * @param columns inputs of the layer, at most {@link #MAX_COLUMNS}
   * @param active index of every active weight in the row-major matrix, ascending
   * @param batch samples that are computed at a time
   */
  public static SparseMatrix inBlocks(int rows, int columns, int[] active, int batch) {
    int mostBlocks = Math.ceilDiv(columns, Math.max(1, FLOATS_A_BLOCK / batch));
    int blocksWanted = active.length / rows / WEIGHTS_A_BLOCK;
    return new SparseMatrix(
        rows, columns, active, Math.ceilDiv(columns, Math.clamp(blocksWanted, 1, mostBlocks)));
  }

  /** The same without blocks, for inference. */
  public static SparseMatrix inOneBlock(int rows, int columns, int[] active) {
    return new SparseMatrix(rows, columns, active, columns);
  }

  private SparseMatrix(int rows, int columnCount, int[] active, int columnsABlock) {
    this.rows = rows;
    this.blocks = Math.ceilDiv(columnCount, columnsABlock);
    this.starts = new int[blocks * rows + 1];
    for (int index : active) {
      starts[segment(index, columnCount, columnsABlock) + 1]++;
    }
    Arrays.parallelPrefix(starts, Integer::sum);
    this.columns = new char[active.length];
    this.values = new float[active.length];
    this.indices = new int[active.length];
    this.ranks = new int[active.length];
    int[] next = starts.clone();
    for (int rank = 0; rank < active.length; rank++) {
      int index = active[rank];
      int k = next[segment(index, columnCount, columnsABlock)]++;
      columns[k] = (char) (index % columnCount);
      indices[k] = index;
      ranks[k] = rank;
    }
  }

  private int segment(int index, int columnCount, int columnsABlock) {
    return index % columnCount / columnsABlock * rows + index / columnCount;
  }

  /** The active weights' values, to be read and changed in place. */
  public float[] values() {
    return values;
  }

  /** For each of the {@link #values} its index in the row-major matrix. */
  public int[] indices() {
    return indices;
  }

  /** For each of the {@link #values} how many active weights lie before it in the row-major matrix. */
  public int[] ranks() {
    return ranks;
  }

  int rows() {
    return rows;
  }

  int blocks() {
    return blocks;
  }

  /** Index of the first weight of a row in a block, at {@code block x rows + row}; behind the last one the number of weights. */
  int[] starts() {
    return starts;
  }

  char[] columns() {
    return columns;
  }
}
