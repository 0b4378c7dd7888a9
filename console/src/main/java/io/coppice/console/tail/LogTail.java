package io.coppice.console.tail;

import io.coppice.replay.LogReader;
import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads topics as one stream. What was there at the beginning comes in the order in which it was appended; what comes later, in that
 * order as far as it was read together.
 *
 * <p>While it catches up it reads from those partitions only whose next record the order waits for, so that what it holds
 * is bounded, however unequal the partitions are.
 */
public final class LogTail {

  private final LogReader reader;
  private final List<LogPartition> partitions = new ArrayList<>();
  private final AppendOrder order = new AppendOrder();
  private boolean caughtUp;

  private LogTail(LogReader reader, Collection<Topic> topics) {
    this.reader = reader;
    for (Topic topic : topics) {
      for (int p = 0; p < reader.partitions(topic); p++) {
        partitions.add(new LogPartition(topic, p));
      }
    }
  }

  /** Everything that the topics hold, and what comes later. */
  public static LogTail fromBeginning(LogReader reader, Collection<Topic> topics) {
    topics.forEach(reader::followFromStart);
    return new LogTail(reader, topics);
  }

  /** Only what is appended to the topics from now on. */
  public static LogTail fromNow(LogReader reader, Collection<Topic> topics) {
    topics.forEach(reader::followFromEnd);
    return new LogTail(reader, topics);
  }

  /** Whether everything that was there when it began has been handed out. */
  public boolean hasCaughtUp() {
    return order.isEmpty() && reader.hasReachedEnd();
  }

  /** The next records in order, as soon as there are any; none if the time is up, or their order is not known yet. */
  public List<Entry> poll(Duration atMost) {
    if (!caughtUp) {
      readFromWhereItIsNeeded();
    }
    reader.poll(atMost).forEach(order::add);
    return order.drain(unfinished());
  }

  private void readFromWhereItIsNeeded() {
    Set<LogPartition> unfinished = unfinished();
    caughtUp = unfinished.isEmpty();
    for (LogPartition partition : partitions) {
      if (caughtUp || unfinished.contains(partition) && !order.holds(partition)) {
        reader.resume(partition.topic(), partition.number());
      } else {
        reader.pause(partition.topic(), partition.number());
      }
    }
  }

  /** Partitions of which not everything has been read that was there at the beginning. */
  private Set<LogPartition> unfinished() {
    Set<LogPartition> unfinished = new HashSet<>();
    for (LogPartition partition : partitions) {
      if (!reader.hasReachedEnd(partition.topic(), partition.number())) {
        unfinished.add(partition);
      }
    }
    return unfinished;
  }
}
