package io.coppice.learning.data;

import io.coppice.learning.random.SplitMix64;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;

/** The ways to share samples among agents. */
public final class Partitioners {

  private Partitioners() {}

  /**
   * The way of a name: {@code iid}, {@code dirichlet:ALPHA}, {@code writer} or {@code file:PATH}.
   *
   * @throws IllegalArgumentException if there is no such way, or alpha is not above 0
   * @throws DataFormatException if the file cannot be read
   */
  public static Partitioner parse(String name) {
    if (name.equals("iid")) {
      return Partitioners::iid;
    }
    if (name.equals("writer")) {
      return Partitioners::writer;
    }
    if (name.startsWith("dirichlet:")) {
      return new DirichletPartitioner(alpha(name));
    }
    if (name.startsWith("file:")) {
      try {
        return PartitionFile.read(Path.of(name.substring("file:".length())));
      } catch (InvalidPathException e) {
        throw new IllegalArgumentException("The partition '" + name + "' names no file.", e);
      }
    }
    throw new IllegalArgumentException(
        "There is no partition '"
            + name
            + "': use iid, dirichlet:ALPHA (such as dirichlet:0.5), writer or file:PATH.");
  }

  private static double alpha(String name) {
    String alpha = name.substring("dirichlet:".length());
    try {
      return Double.parseDouble(alpha);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "In the partition '" + name + "' alpha must be a number above 0, not '" + alpha + "'.",
          e);
    }
  }

  /** A random permutation, cut into slices whose sizes differ by at most 1. */
  private static int[][] iid(Dataset data, int agents, long seed) {
    checkAgents(data, agents);
    int[] order = new SplitMix64(seed).permutation(data.size());
    int[][] shares = new int[agents][];
    for (int a = 0; a < agents; a++) {
      shares[a] =
          Arrays.copyOfRange(
              order,
              (int) ((long) data.size() * a / agents),
              (int) ((long) data.size() * (a + 1) / agents));
    }
    return shares;
  }

  /** Consecutive writers in groups of equal size; the last agent also takes the writers that are left. */
  private static int[][] writer(Dataset data, int agents, long seed) {
    checkAgents(data, agents);
    int[] writerOf = new int[data.size()];
    Arrays.setAll(writerOf, data::writer);
    int[] writers = Arrays.stream(writerOf).sorted().distinct().toArray();
    if (agents > writers.length) {
      throw new IllegalArgumentException(
          String.format("%d writers cannot be shared among %d agents.", writers.length, agents));
    }
    int group = writers.length / agents;
    int[][] shares = new int[agents][];
    for (int a = 0; a < agents; a++) {
      int first = writers[a * group];
      int last = a == agents - 1 ? writers[writers.length - 1] : writers[(a + 1) * group - 1];
      shares[a] =
          java.util.stream.IntStream.range(0, writerOf.length)
              .filter(i -> writerOf[i] >= first && writerOf[i] <= last)
              .toArray();
    }
    return shares;
  }

  static void checkAgents(Dataset data, int agents) {
    if (agents < 1) {
      throw new IllegalArgumentException("At least 1 agent is needed, not " + agents + ".");
    }
    if (agents > data.size()) {
      throw new IllegalArgumentException(
          String.format("%d samples cannot be shared among %d agents.", data.size(), agents));
    }
  }
}
