package io.coppice.replay;

import io.coppice.schemas.Topic;

/** The log cannot be read beyond a place because what is stored there is damaged. */
public final class UnreadableLogException extends RuntimeException {

  private final Topic topic;
  private final int partition;
  private final long offset;
  private final String why;

  /**
   * @param offset of the first record that cannot be read
   * @param why one clause
   */
  public UnreadableLogException(
      Topic topic, int partition, long offset, String why, Throwable cause) {
    super(LogRecord.position(topic, partition, offset) + " cannot be read: " + why, cause);
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
    this.why = why;
  }

  public Topic topic() {
    return topic;
  }

  public int partition() {
    return partition;
  }

  public long offset() {
    return offset;
  }

  /** What is wrong with it, one clause. */
  public String why() {
    return why;
  }
}
