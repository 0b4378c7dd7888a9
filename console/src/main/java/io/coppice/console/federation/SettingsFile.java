package io.coppice.console.federation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.coppice.console.UserError;
import io.coppice.console.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;

/** The settings that a directory was begun with: the log has the run's definition, but not where the agents' data come from. */
public final class SettingsFile {

  private static final String NAME = "settings.json";

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private SettingsFile() {}

  public static void write(Path directory, RunSettings settings) {
    try {
      WholeFile.write(directory.resolve(NAME), part -> JSON.writeValue(part.toFile(), settings));
    } catch (IOException e) {
      throw UserError.failed(
          "The settings cannot be written to " + directory.resolve(NAME) + ": " + e.getMessage(),
          e);
    }
  }

  /**
   * Compares settings with those that the directory was begun with, if any.
   *
   * @param option that names the directory
   * @throws UserError naming the first setting that differs
   */
  public static void checkSame(String option, Path directory, RunSettings settings) {
    Path file = directory.resolve(NAME);
    if (!Files.exists(file)) {
      return;
    }
    try {
      JsonNode then = JSON.readTree(file.toFile());
      JsonNode now = JSON.valueToTree(settings);
      for (Iterator<Map.Entry<String, JsonNode>> fields = now.fields(); fields.hasNext(); ) {
        Map.Entry<String, JsonNode> field = fields.next();
        JsonNode before = then.get(field.getKey());
        if (before != null && !before.asText().equals(field.getValue().asText())) {
          throw UserError.badInput(
              String.format(
                  "%s holds a run with %s %s, not %s: give the same options as then, or another %s.",
                  directory, field.getKey(), shown(before), shown(field.getValue()), option));
        }
      }
    } catch (IOException e) {
      throw UserError.failed(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static String shown(JsonNode setting) {
    return setting.isNull() ? "(not given)" : setting.asText();
  }
}
