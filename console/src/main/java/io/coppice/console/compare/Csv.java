package io.coppice.console.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Comma-separated values as RFC 4180 has them, with a line feed behind every row. */
final class Csv {

  private Csv() {}

  /** Rows as text; a field with a comma, a quote or a line break stands in quotes. */
  static String format(List<List<String>> rows) {
    return rows.stream()
        .map(row -> row.stream().map(Csv::quoted).collect(Collectors.joining(",", "", "\n")))
        .collect(Collectors.joining());
  }

  private static String quoted(String field) {
    return field.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r')
        ? '"' + field.replace("\"", "\"\"") + '"'
        : field;
  }

  /**
   * Text as rows, the inverse of {@link #format}; also reads lines that end with carriage return and line feed.
   *
   * @throws IllegalArgumentException if a quoted field does not end
   */
  static List<List<String>> parse(String text) {
    List<List<String>> rows = new ArrayList<>();
    List<String> row = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean inQuotes = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean nextIsQuote = i + 1 < text.length() && text.charAt(i + 1) == '"';
      if (inQuotes && c == '"' && nextIsQuote) {
        field.append(c);
        i++;
      } else if (c == '"') {
        inQuotes = !inQuotes;
      } else if (inQuotes) {
        field.append(c);
      } else if (c == ',') {
        row.add(field.toString());
        field.setLength(0);
      } else if (c == '\n') {
        row.add(field.toString());
        field.setLength(0);
        rows.add(row);
        row = new ArrayList<>();
      } else if (c != '\r') {
        field.append(c);
      }
    }
    if (inQuotes) {
      throw new IllegalArgumentException("a quoted field does not end");
    }
    if (!row.isEmpty() || !field.isEmpty()) {
      row.add(field.toString());
      rows.add(row);
    }
    return rows;
  }
}
