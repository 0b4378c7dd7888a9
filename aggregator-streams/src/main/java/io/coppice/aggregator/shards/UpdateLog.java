package io.coppice.aggregator.shards;

import java.util.SortedSet;

/** A second look at records of {@code updates} that a task has already processed. */
public interface UpdateLog extends AutoCloseable {

  /** Takes a record's value, undecoded. */
  @FunctionalInterface
  interface Visitor {
    void visit(long offset, byte[] value);
  }

  /**
   * Reads records again.
   *
   * @param partition partition of {@code updates}
   * @param offsets which records
   * @param visitor is shown exactly these, in ascending order of offsets
   * @throws IllegalStateException if one of them is not in the log any more
   */
  void read(int partition, SortedSet<Long> offsets, Visitor visitor);

  /** Gives up what it holds; a later {@link #read} opens it anew. */
  @Override
  void close();
}
