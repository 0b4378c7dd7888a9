package io.coppice.console;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Files that are there whole or not at all: written beside their place, then moved to it. */
public final class WholeFile {

  /** Writes a file's content. */
  @FunctionalInterface
  public interface Content {
    /** Writes the content to a path that stands in for the file. */
    void writeTo(Path part) throws IOException;
  }

  private WholeFile() {}

  /**
   * Writes a file, or replaces it. After a failure it is as it was before.
   *
   * @throws IOException if it cannot be written
   */
  public static void write(Path file, Content content) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      content.writeTo(part);
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      Files.deleteIfExists(part);
      throw e;
    }
  }
}
