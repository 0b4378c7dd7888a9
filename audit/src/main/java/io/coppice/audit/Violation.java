package io.coppice.audit;

import io.coppice.replay.LogRecord;
import io.coppice.replay.UnreadableLogException;
import io.coppice.schemas.Topic;
import java.util.OptionalLong;

/**
 * What does not hold in a log: the first record that cannot be what was trained, or the place where one is missing. The message
 * is one sentence that begins with the place.
 */
public final class Violation extends RuntimeException {

  private final Topic topic;
  private final int partition;
  private final Long offset;
  private final String field;
  private final String what;

  private Violation(
      Topic topic, int partition, Long offset, String field, String what, Throwable cause) {
    super(place(topic, partition, offset, field) + ": " + what, cause);
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
    this.field = field;
    this.what = what;
  }

  /**
   * A record does not hold.
   *
   * @param field the field that gives it away, as a path such as {@code contributors[2].weight}; empty for the record as a whole
   * @param what one sentence
   */
  static Violation at(LogRecord record, String field, String what) {
    return at(record.topic(), record.partition(), record.offset(), field, what);
  }

  static Violation at(Topic topic, int partition, long offset, String field, String what) {
    return new Violation(topic, partition, offset, field, what, null);
  }

  /** Something is not there that should be. */
  static Violation missing(Topic topic, int partition, String what) {
    return new Violation(topic, partition, null, "", what, null);
  }

  static Violation of(UnreadableLogException damage) {
    return new Violation(
        damage.topic(),
        damage.partition(),
        damage.offset(),
        "",
        "the record cannot be read (" + damage.why() + ").",
        damage);
  }

  private static String place(Topic topic, int partition, Long offset, String field) {
    String place =
        offset == null
            ? topic.suffix() + "-" + partition
            : LogRecord.position(topic, partition, offset);
    return field.isEmpty() ? place : place + ", field " + field;
  }

  /** The topic that does not hold. */
  public Topic topic() {
    return topic;
  }

  /** Its partition. */
  public int partition() {
    return partition;
  }

  /** Offset of the record; empty where one is missing and nothing says where it should be. */
  public OptionalLong offset() {
    return offset == null ? OptionalLong.empty() : OptionalLong.of(offset);
  }

  /** The field, as a path such as {@code contributors[2].weight}; empty for the record as a whole. */
  public String field() {
    return field;
  }

  /** What is wrong, one sentence without the place. */
  public String what() {
    return what;
  }
}
