package io.coppice.console;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

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
   * Fails early where a file could not be written at the end.
   *
   * @param option the option that names the file, which the message begins with
   * @throws UserError if the file is a directory, or its directory is missing or not writable
   */
  public static void checkWritable(String option, Path file) {
    if (file.toString().isBlank()) {
      throw UserError.badInput(option + " names no file.");
    }
    Path directory = file.toAbsolutePath().getParent();
    for (String problem :
        List.of(
            Files.isDirectory(file) ? "it is a directory" : "",
            !Files.isDirectory(directory) ? "there is no directory " + directory : "",
            !Files.isWritable(directory) ? "no permission to write into " + directory : "")) {
      if (!problem.isEmpty()) {
        throw UserError.badInput(option + " " + file + " cannot be written: " + problem + ".");
      }
    }
  }

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
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(part);
      throw e;
    }
  }
}
