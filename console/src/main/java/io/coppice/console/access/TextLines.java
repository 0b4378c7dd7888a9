package io.coppice.console.access;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** The lines of a text file without comments. */
final class TextLines {

  private TextLines() {}

  /**
   * Reads a file.
   *
   * @return all lines, without what follows a {@code #} and without spaces at their ends; a line may be empty
   * @throws UnreadableFileException if it cannot be read
   */
  static List<String> read(Path file) {
    try {
      return Files.readAllLines(file).stream()
          .map(line -> line.replaceFirst("#.*", "").strip())
          .toList();
    } catch (NoSuchFileException e) {
      throw new UnreadableFileException("There is no file " + file + ".", e);
    } catch (IOException e) {
      throw new UnreadableFileException(file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }
}
