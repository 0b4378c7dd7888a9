package io.coppice.console.tail;

import io.coppice.replay.LogReader.Entry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;

/**
 * Puts the records of several partitions into one order: that of the times at which the broker appended them, ties in the order
 * of topics and partitions. Within a partition the order of offsets stays, whatever the times say.
 *
 * <p>A merge of queues, one a partition. A record is handed out once no record can come that belongs before it: while a partition has
 * more to give, its queue must not be empty.
 */
final class AppendOrder {

  private static final Comparator<Entry> ORDER =
      Comparator.comparingLong(Entry::timestamp)
          .thenComparing(Entry::topic)
          .thenComparingInt(Entry::partition);

  private final Map<LogPartition, Queue<Entry>> waiting = new HashMap<>();

  /** The first record of each queue. */
  private final PriorityQueue<Entry> heads = new PriorityQueue<>(ORDER);

  /** Takes a record; those of a partition come in the order of offsets. */
  void add(Entry entry) {
    Queue<Entry> queue = waiting.computeIfAbsent(LogPartition.of(entry), p -> new ArrayDeque<>());
    if (queue.isEmpty()) {
      heads.add(entry);
    }
    queue.add(entry);
  }

  /** Whether records of a partition wait. */
  boolean holds(LogPartition partition) {
    Queue<Entry> queue = waiting.get(partition);
    return queue != null && !queue.isEmpty();
  }

  /** Whether none wait. */
  boolean isEmpty() {
    return heads.isEmpty();
  }

  /**
   * Hands out the records whose turn it is.
   *
   * @param unfinished the partitions of which more is to come before the order is known
   */
  List<Entry> drain(Set<LogPartition> unfinished) {
    List<Entry> ordered = new ArrayList<>();
    boolean isKnown = unfinished.stream().allMatch(this::holds);
    while (isKnown && !heads.isEmpty()) {
      Entry next = heads.remove();
      LogPartition partition = LogPartition.of(next);
      Queue<Entry> queue = waiting.get(partition);
      queue.remove();
      ordered.add(next);
      if (!queue.isEmpty()) {
        heads.add(queue.element());
      } else {
        isKnown = !unfinished.contains(partition);
      }
    }
    return ordered;
  }
}
