package io.coppice.console.tail;

import static io.coppice.console.progress.Figures.bytes;
import static io.coppice.console.progress.Figures.count;

import io.coppice.schemas.ContentDigest;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/** Fields of any record as text: short, in one line, whatever is in them. */
final class FieldText {

  /** Byte strings up to this length are shown by their first digits: digests, signatures. */
  private static final int SHORT_BYTES = 64;

  /** Hexadecimal digits of a digest that are shown. */
  private static final int SHOWN_DIGITS = 8;

  /** Elements of a list that are shown. */
  private static final int SHOWN_ELEMENTS = 16;

  private FieldText() {}

  /** All fields that say something, by their names. */
  static String all(IndexedRecord record) {
    String fields = named(record, Set.of());
    return fields.isEmpty() ? "without content" : fields;
  }

  /**
   * Fields that a sentence has not told, such as those that came into the schema later, to be added to it; nothing if there are none.
   *
   * @param told names of those that it has told, or leaves out on purpose
   */
  static String others(IndexedRecord record, String... told) {
    String fields = named(record, Set.of(told));
    return fields.isEmpty() ? "" : ", " + fields;
  }

  private static String named(IndexedRecord record, Set<String> without) {
    return record.getSchema().getFields().stream()
        .filter(field -> !without.contains(field.name()))
        .filter(field -> saysSomething(record.get(field.pos())))
        .map(field -> field.name() + " " + value(record, field))
        .collect(Collectors.joining(", "));
  }

  private static boolean saysSomething(Object value) {
    return switch (value) {
      case null -> false;
      case Collection<?> list -> !list.isEmpty();
      case ByteBuffer bytes -> bytes.hasRemaining();
      case CharSequence text -> !text.isEmpty();
      default -> true;
    };
  }

  private static String value(IndexedRecord record, Schema.Field field) {
    Object value = record.get(field.pos());
    if (value instanceof ByteBuffer bytes) {
      return switch (field.name()) {
        case "values" -> tensor(record, bytes);
        case "publicKey" -> key(bytes);
        default -> digest(bytes);
      };
    }
    return value(value);
  }

  private static String value(Object value) {
    return switch (value) {
      case IndexedRecord record -> "{" + named(record, Set.of()) + "}";
      case Collection<?> list -> "[" + list(list, FieldText::value) + "]";
      case ByteBuffer bytes -> digest(bytes);
      case Integer number -> count(number);
      case Long number -> count(number);
      case Double number -> number(number);
      case null -> "null";
      default -> line(value.toString());
    };
  }

  /** The elements of a list, and how many more there are. */
  static <T> String list(
      Collection<? extends T> elements, java.util.function.Function<T, String> text) {
    String shown =
        elements.stream().limit(SHOWN_ELEMENTS).map(text).collect(Collectors.joining(", "));
    int more = elements.size() - SHOWN_ELEMENTS;
    return more > 0 ? shown + " and " + count(more) + " more" : shown;
  }

  /** A tensor by its figures. */
  static String tensor(IndexedRecord record, ByteBuffer values) {
    Optional<TensorFigures> figures = TensorFigures.of(record, values);
    if (figures.isEmpty()) {
      return bytes(values.remaining()) + " that are not its values";
    }
    TensorFigures f = figures.get();
    return f.count() == 0
        ? "no values"
        : String.format(
            Locale.ROOT,
            "%s values, min %s, max %s, norm %s, %s non-zero",
            count(f.count()),
            number(f.min()),
            number(f.max()),
            number(f.norm()),
            count(f.nonZero()));
  }

  /** The first digits of a digest or a signature, or the length of what is longer. */
  static String digest(ByteBuffer bytes) {
    if (!bytes.hasRemaining()) {
      return "none";
    }
    if (bytes.remaining() > SHORT_BYTES) {
      return bytes(bytes.remaining());
    }
    byte[] first = new byte[Math.min(bytes.remaining(), SHOWN_DIGITS / 2)];
    bytes.duplicate().get(first);
    return HexFormat.of().formatHex(first);
  }

  /** A public key by its SHA-256, since all keys of one kind begin with the same bytes. */
  static String key(ByteBuffer key) {
    return key.hasRemaining() ? digest(ContentDigest.ofBytes(key)) : "none";
  }

  /** A number with four significant digits, without those that are zeros at its end. */
  static String number(double number) {
    if (!Double.isFinite(number)) {
      return String.valueOf(number);
    }
    if (number == Math.rint(number) && Math.abs(number) < 1e9) {
      return count((long) number);
    }
    double magnitude = Math.abs(number);
    if (magnitude < 1e-4 || magnitude >= 1e9) {
      return String.format(Locale.ROOT, "%.3e", number);
    }
    int decimals = Math.max(0, 3 - (int) Math.floor(Math.log10(magnitude)));
    String text = String.format(Locale.ROOT, "%,." + decimals + "f", number);
    return decimals == 0 ? text : text.replaceFirst("\\.?0+$", "");
  }

  /** Text from outside with its control characters escaped: it must not break the line, or command the terminal. */
  static String line(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              int type = Character.getType(c);
              if (Character.isISOControl(c)
                  || type == Character.FORMAT
                  || type == Character.LINE_SEPARATOR
                  || type == Character.PARAGRAPH_SEPARATOR
                  || type == Character.SURROGATE) {
                line.append(String.format("\\u%04x", c));
              } else {
                line.appendCodePoint(c);
              }
            });
    return line.toString();
  }
}
