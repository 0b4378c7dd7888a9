package io.coppice.aggregator;

import io.coppice.aggregator.shards.UpdateLog;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;

/** What a test has put into one partition of updates; counts how often records are read again. */
public final class RecordedUpdates implements UpdateLog {

  private final Map<Long, byte[]> records = new HashMap<>();
  private int reread;

  public void put(long offset, byte[] value) {
    records.put(offset, value);
  }

  /** Records that were read again so far. */
  public int reread() {
    return reread;
  }

  @Override
  public void read(int partition, SortedSet<Long> offsets, Visitor visitor) {
    for (long offset : offsets) {
      reread++;
      visitor.visit(offset, records.get(offset));
    }
  }

  @Override
  public void close() {}
}
