package io.coppice.console.definition;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What is wrong with a file, as it is found. */
final class Problems {

  private record Problem(Place place, String sentence) {}

  private final List<Problem> found = new ArrayList<>();

  /** Notes something, as one sentence. */
  void add(Place place, String sentence) {
    found.add(new Problem(place, sentence));
  }

  boolean isEmpty() {
    return found.isEmpty();
  }

  /** A line each, {@code FILE:LINE:COLUMN: sentence}, in the order of the file. */
  List<String> lines(Path file) {
    return found.stream()
        .sorted(Comparator.comparing(Problem::place))
        .map(p -> file + ":" + p.place().line() + ":" + p.place().column() + ": " + p.sentence())
        .toList();
  }
}
