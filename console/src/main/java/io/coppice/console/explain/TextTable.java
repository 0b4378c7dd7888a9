package io.coppice.console.explain;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Aligned columns: the first ones to the left, numbers to the right. */
final class TextTable {

  private final int left;
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * @param left columns that are aligned to the left
   */
  TextTable(int left, String... header) {
    this.left = left;
    rows.add(List.of(header));
  }

  /** Adds a row with a cell for each column. */
  void row(Object... cells) {
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(String.valueOf(cell));
    }
    rows.add(row);
  }

  void print(PrintWriter out) {
    int[] widths = new int[rows.getFirst().size()];
    for (List<String> row : rows) {
      for (int c = 0; c < widths.length; c++) {
        widths[c] = Math.max(widths[c], row.get(c).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < widths.length; c++) {
        String padding = " ".repeat(widths[c] - row.get(c).length());
        line.append(c == 0 ? "  " : "   ");
        line.append(c < left ? row.get(c) + padding : padding + row.get(c));
      }
      out.println(line.toString().stripTrailing());
    }
  }
}
