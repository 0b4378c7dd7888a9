package io.coppice.learning.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.OptionalInt;

/**
 * Shares written in a JSON file: a list with one list of sample indices an agent, or an object with that list as {@code
 * clients} and, optionally, {@code initial_pruning_indices}, the samples on which a model is pruned before round 0.
 */
public final class PartitionFile implements Partitioner {

  private final Path file;
  private final int[][] clients;
  private final int[] initialPruningIndices;

  private PartitionFile(Path file, int[][] clients, int[] initialPruningIndices) {
    this.file = file;
    this.clients = clients;
    this.initialPruningIndices = initialPruningIndices;
  }

  /**
   * Reads a file.
   *
   * @throws DataFormatException if it cannot be read, is not such a file, an index is negative, or an index is shared out twice
   */
  public static PartitionFile read(Path file) {
    JsonNode tree = JsonObject.tree(file);
    if (tree.isArray()) {
      return new PartitionFile(file, clients(tree, file.toString()), new int[0]);
    }
    JsonObject object = JsonObject.of(tree, file.toString());
    return new PartitionFile(
        file,
        clients(object.list("clients"), file + ": clients"),
        object.has("initial_pruning_indices")
            ? object.integers("initial_pruning_indices", 0)
            : new int[0]);
  }

  private static int[][] clients(JsonNode list, String where) {
    int[][] clients = new int[list.size()][];
    BitSet seen = new BitSet();
    for (int c = 0; c < clients.length; c++) {
      clients[c] = JsonObject.integers(list.get(c), where + "[" + c + "]", 0);
      if (clients[c].length == 0) {
        throw new DataFormatException(where + "[" + c + "] must hold at least one index.");
      }
      for (int index : clients[c]) {
        if (seen.get(index)) {
          throw new DataFormatException(
              String.format("%s: index %d occurs twice; a sample has one agent.", where, index));
        }
        seen.set(index);
      }
    }
    return clients;
  }

  /** The samples for pruning before round 0, as indices into the data set; empty where the file has none. */
  public int[] initialPruningIndices() {
    return initialPruningIndices.clone();
  }

  /**
   * The shares of the file; the seed has no effect.
   *
   * @throws DataFormatException if the file is made for another number of agents, or an index is not in the data
   */
  @Override
  public int[][] split(Dataset data, int agents, long seed) {
    if (agents != clients.length) {
      throw new DataFormatException(
          String.format(
              "%s shares samples among %d agents, not among %d.", file, clients.length, agents));
    }
    int[][] shares = new int[agents][];
    for (int a = 0; a < agents; a++) {
      checkRange(clients[a], data);
      shares[a] = clients[a].clone();
    }
    checkRange(initialPruningIndices, data);
    return shares;
  }

  private void checkRange(int[] indices, Dataset data) {
    OptionalInt outside =
        java.util.Arrays.stream(indices).filter(i -> i >= data.size()).findFirst();
    if (outside.isPresent()) {
      throw new DataFormatException(
          String.format(
              "%s names sample %d, but the data have the samples 0 to %d.",
              file, outside.getAsInt(), data.size() - 1));
    }
  }
}
