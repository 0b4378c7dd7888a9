package io.coppice.console.predict;

import io.coppice.console.UserError;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/** The file of {@code --predictions}: what the pruned model tells of every image, as CSV, whole or not at all. */
public final class PredictionsFile implements AutoCloseable {

  private final Path file;
  private final Path part;
  private final BufferedWriter writer;

  /**
   * Opens the file beside its place, before anything is computed.
   *
   * @throws UserError if it cannot be written there
   */
  public PredictionsFile(Path file) {
    if (file.toString().isBlank()) {
      throw UserError.badInput("--predictions names no file.");
    }
    if (Files.isDirectory(file)) {
      throw UserError.badInput("--predictions " + file + " cannot be written: it is a directory.");
    }
    this.file = file;
    this.part = file.resolveSibling(file.getFileName() + ".part");
    try {
      this.writer = Files.newBufferedWriter(part);
    } catch (IOException e) {
      throw UserError.badInput(
          "--predictions "
              + file
              + " cannot be written: there is no such directory, or no permission to write into it.",
          e);
    }
  }

  /**
   * Writes the answers, and puts the file in its place.
   *
   * @throws UserError if it cannot be written
   */
  void write(Answers answers) {
    try {
      writer.write("image,label,predicted,probability\n");
      for (int i = 0; i < answers.size(); i++) {
        writer.write(
            String.format(
                Locale.ROOT,
                "%d,%d,%d,%.6f\n",
                i,
                answers.label(i),
                answers.predicted(i),
                answers.probability(i)));
      }
      writer.close();
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw UserError.failed(
          "The predictions cannot be written to " + file + ": " + e.getMessage(), e);
    }
  }

  /** Leaves nothing behind if the answers were not written. */
  @Override
  public void close() throws IOException {
    writer.close();
    Files.deleteIfExists(part);
  }
}
