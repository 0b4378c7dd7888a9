package io.coppice.console.definition;

import io.coppice.console.UserError;
import io.coppice.schemas.TrainingRun;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;

/**
 * A run definition file, YAML or JSON (docs/runs.md): all that defines a run, checked as strictly as anybody on the log will check
 * it.
 */
public final class RunFile {

  private final Optional<String> runId;
  private final TrainingRun definition;

  private RunFile(Optional<String> runId, TrainingRun definition) {
    this.runId = runId;
    this.definition = definition;
  }

  /**
   * Reads a file.
   *
   * @throws UserError if it cannot be read, or with a line for everything that is wrong in it: file, line, column, and a sentence
   */
  public static RunFile read(Path file) {
    return parse(text(file), file);
  }

  /**
   * Reads the text of a file.
   *
   * @param file its name in messages; relative paths in it are taken from where it lies
   */
  static RunFile parse(String text, Path file) {
    Problems problems = new Problems();
    Optional<Node> root = compose(text, problems);
    if (root.isPresent()) {
      RunReader reader = new RunReader(Section.root(root.get(), problems), file, problems);
      TrainingRun definition = reader.read();
      if (problems.isEmpty()) {
        return new RunFile(reader.runId(), definition);
      }
    }
    throw UserError.badInput(String.join(System.lineSeparator(), problems.lines(file)));
  }

  private static String text(Path file) {
    if (!Files.exists(file)) {
      throw UserError.badInput("--file: There is no file " + file + ".");
    }
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw UserError.badInput("--file: " + file + " is not text in UTF-8.", e);
    } catch (IOException e) {
      throw UserError.badInput("--file: " + file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }

  private static Optional<Node> compose(String text, Problems problems) {
    // JSON may be indented with tabs, YAML may not; within JSON's texts there are none.
    String yaml = text.stripLeading().startsWith("{") ? text.replace('\t', ' ') : text;
    try {
      Node root = new Yaml(new LoaderOptions()).compose(new StringReader(yaml));
      if (root == null) {
        problems.add(Place.START, "The file is empty: 'coppice run example' prints one.");
      }
      return Optional.ofNullable(root);
    } catch (MarkedYAMLException e) {
      problems.add(Place.of(e.getProblemMark()), "This is not YAML: " + e.getProblem() + ".");
    } catch (YAMLException e) {
      String reason = e.getMessage().lines().findFirst().orElse("");
      problems.add(Place.START, "This is not YAML: " + reason + ".");
    }
    return Optional.empty();
  }

  /** The id that the file gives the run. */
  public Optional<String> runId() {
    return runId;
  }

  /** The run's record under an id, 1 to 64 of a-z, 0-9 and '-'. */
  public TrainingRun toRun(String id) {
    return TrainingRun.newBuilder(definition).setRunId(id).setCreatedAt(Instant.now()).build();
  }
}
