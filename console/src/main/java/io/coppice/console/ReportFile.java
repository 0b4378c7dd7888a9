package io.coppice.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;

/** The file of {@code --report}: one JSON document, written at the end, checked at the start. */
public final class ReportFile {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private ReportFile() {}

  /**
   * Fails early where the report could not be written at the end.
   *
   * @throws UserError if the file is a directory, or its directory is missing or not writable
   */
  public static void checkWritable(Path file) {
    WholeFile.checkWritable("--report", file);
  }

  /**
   * Writes the document, whole or not at all.
   *
   * @throws UserError if the file cannot be written
   */
  public static void write(Path file, JsonNode document) {
    try {
      WholeFile.write(file, part -> JSON.writeValue(part.toFile(), document));
    } catch (IOException e) {
      throw UserError.failed("The report cannot be written to " + file + ": " + e.getMessage(), e);
    }
  }
}
