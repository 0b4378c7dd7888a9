package io.coppice.console.definition;

import java.util.Comparator;
import java.util.Optional;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.nodes.Node;

/**
 * A place in a file.
 *
 * @param line from 1
 * @param column from 1
 */
record Place(int line, int column) implements Comparable<Place> {

  static final Place START = new Place(1, 1);

  private static final Comparator<Place> ORDER =
      Comparator.comparingInt(Place::line).thenComparingInt(Place::column);

  /** Where a node begins. */
  static Place of(Node node) {
    return of(node.getStartMark());
  }

  /** A mark of the parser, which counts from 0; null for the start of the file. */
  static Place of(Mark mark) {
    return Optional.ofNullable(mark)
        .map(m -> new Place(m.getLine() + 1, m.getColumn() + 1))
        .orElse(START);
  }

  @Override
  public int compareTo(Place other) {
    return ORDER.compare(this, other);
  }
}
