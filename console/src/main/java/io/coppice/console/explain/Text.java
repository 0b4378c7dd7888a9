package io.coppice.console.explain;

import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** How an explanation writes numbers, times and long sentences. */
final class Text {

  /** Columns of a line. */
  static final int WIDTH = 100;

  /** In the place of what there is not. */
  static final String NONE = "-";

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

  private Text() {}

  /** Four significant digits, such as 12.35 or 1.235e-05. */
  static String number(Double number) {
    if (number == null) {
      return NONE;
    }
    return number == 0 ? "0" : String.format(Locale.ROOT, "%.4g", number);
  }

  /** Two significant digits, such as 12 or 1.2e-05. */
  static String rough(double number) {
    return number == 0 ? "0" : String.format(Locale.ROOT, "%.2g", number);
  }

  static String time(Instant time) {
    return TIME.format(time) + " UTC";
  }

  static String seconds(Instant from, Instant to) {
    return number(Duration.between(from, to).toMillis() / 1e3) + " s";
  }

  /** Prints a text whose lines break between words, all but the first indented. */
  static void paragraph(PrintWriter out, String text) {
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ")) {
      if (line.length() + 1 + word.length() > WIDTH && !line.toString().isBlank()) {
        out.println(line);
        line = new StringBuilder(" ");
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    out.println(line);
  }
}
