package io.coppice.console.tail;

import static io.coppice.console.progress.Figures.count;

import io.coppice.replay.LogRecord;
import io.coppice.schemas.Topic;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.Locale;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/**
 * Records for people, one aligned line each: when and where it was appended, its key, what it is, what it says.
 *
 * <p>Columns are as wide as the widest entry so far: a stream has no widest entry to wait for.
 */
public final class TextFormat implements RecordFormat {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private static final AttributedStyle PLAIN = AttributedStyle.DEFAULT;
  private static final AttributedStyle FAINT = PLAIN.faint();
  private static final AttributedStyle NAME = PLAIN.bold();
  private static final AttributedStyle WARNING = NAME.foreground(AttributedStyle.RED);

  /** Room for most partitions and offsets behind a topic's name. */
  private static final int POSITION_WIDTH = "-0@0000".length();

  private final boolean isColoured;
  private int placeWidth;
  private int keyWidth;
  private int nameWidth = "UpdateSubmitted".length();

  /**
   * @param topics those whose records come
   * @param isColoured whether lines have colours, by the escape sequences of a terminal
   */
  public TextFormat(Collection<Topic> topics, boolean isColoured) {
    this.isColoured = isColoured;
    for (Topic topic : topics) {
      placeWidth = Math.max(placeWidth, topic.suffix().length() + POSITION_WIDTH);
    }
  }

  @Override
  public String line(FoundRecord found) {
    LogRecord record = found.record();
    if (record.fault() != null) {
      String text = count(record.bytes()) + " bytes, " + FieldText.line(record.fault());
      return line(record, WARNING, "Unreadable", text);
    }
    if (record.value() == null) {
      return line(record, NAME, "Tombstone", "no value: what was there under the key is removed");
    }
    String name = RecordText.name(record.value());
    AttributedStyle style = name.contains("Rejected") ? WARNING : NAME;
    return line(record, style, name, RecordText.of(record.value()));
  }

  private String line(LogRecord record, AttributedStyle style, String name, String text) {
    String place = record.position();
    String key = record.key() == null ? "-" : FieldText.line(record.key());
    placeWidth = Math.max(placeWidth, place.length());
    keyWidth = Math.max(keyWidth, key.length());
    nameWidth = Math.max(nameWidth, name.length());
    AttributedStringBuilder line = new AttributedStringBuilder();
    line.styled(FAINT, TIME.format(Instant.ofEpochMilli(record.timestamp()))).append("  ");
    line.append(padded(place, placeWidth));
    line.styled(FAINT, padded(key, keyWidth));
    line.styled(style, padded(name, nameWidth));
    line.append(text);
    return isColoured ? line.toAnsi() : line.toString();
  }

  private static String padded(String text, int width) {
    return text + " ".repeat(width + 2 - text.length());
  }
}
