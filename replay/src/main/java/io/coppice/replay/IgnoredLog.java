package io.coppice.replay;

import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warns of records that are ignored: of each once, however often it is read again, and of a flood only now and then. Used by one
 * thread.
 */
public final class IgnoredLog implements IgnoredRecord.Listener {

  private static final Logger LOG = LoggerFactory.getLogger(IgnoredLog.class);

  /** So many are told one by one. */
  private static final int SINGLY = 20;

  /** Behind those, one of so many. */
  private static final int ONE_OF = 1000;

  /** Positions that are remembered: enough for whatever is read again, and a bound on the memory that garbage takes. */
  private static final int REMEMBERED = 10_000;

  private final IgnoredRecord.Listener next;
  private final Set<LogPosition> told = new HashSet<>();
  private long count;

  /** Only warns. */
  public IgnoredLog() {
    this(record -> {});
  }

  /**
   * @param next is told as well, of every record once
   */
  public IgnoredLog(IgnoredRecord.Listener next) {
    this.next = next;
  }

  @Override
  public void ignored(IgnoredRecord record) {
    if (told.size() < REMEMBERED && !told.add(record.at())) {
      return;
    }
    count++;
    if (count <= SINGLY) {
      LOG.warn("{} is ignored: {}: {}", record.at(), record.reason(), record.detail());
    } else if (count % ONE_OF == 0) {
      LOG.warn(
          "{} is ignored, the {}th record: {}: {}",
          record.at(),
          count,
          record.reason(),
          record.detail());
    } else {
      LOG.debug("{} is ignored: {}: {}", record.at(), record.reason(), record.detail());
    }
    next.ignored(record);
  }
}
