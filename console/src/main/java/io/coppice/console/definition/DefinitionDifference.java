package io.coppice.console.definition;

import io.coppice.schemas.TrainingRun;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/** In which key of the file two definitions of a run differ. */
public final class DefinitionDifference {

  /** What tells one run from another, and nothing of what it does. */
  private static final List<String> LEFT_OUT = List.of("runId", "createdAt");

  /** Keys of the file by the fields of the schema, where the one is not simply the other. */
  private static final Map<String, String> KEYS =
      Map.ofEntries(
          Map.entry("architecture.network", "model.network"),
          Map.entry("architecture.inputShape", "model.input"),
          Map.entry("architecture.classes", "model.classes"),
          Map.entry("loss", "model.loss"),
          Map.entry("training.batchSize", "training.batch"),
          Map.entry("participation.expectedAgents", "agents.expected"),
          Map.entry("participation.participants", "agents.participants"),
          Map.entry("participation.quorum", "agents.quorum"),
          Map.entry("participation.deadlineMillis", "agents.deadline"),
          Map.entry("signatures", "agents.signatures"),
          Map.entry("trustedKeys", "agents.trusted-keys"),
          Map.entry("initialPruning", "pruning.initial"),
          Map.entry("initialPruning.deadlineMillis", "pruning.initial.deadline"));

  private DefinitionDifference() {}

  /**
   * Compares two definitions.
   *
   * @return the first key in which they differ; empty if they are of the same run
   */
  public static Optional<String> between(TrainingRun one, TrainingRun other) {
    return between("", one, other);
  }

  private static Optional<String> between(String path, IndexedRecord one, IndexedRecord other) {
    for (Schema.Field field : one.getSchema().getFields()) {
      String name = path + field.name();
      if (LEFT_OUT.contains(name)) {
        continue;
      }
      Object mine = one.get(field.pos());
      Object theirs = other.get(field.pos());
      if (Objects.equals(mine, theirs)) {
        continue;
      }
      if (name.equals("cost")) {
        return Optional.of(name);
      }
      if (mine instanceof IndexedRecord first && theirs instanceof IndexedRecord second) {
        Optional<String> within = between(name + ".", first, second);
        if (within.isPresent()) {
          return within;
        }
      }
      return Optional.of(key(name));
    }
    return Optional.empty();
  }

  private static String key(String field) {
    String prefix = "initialPruning.";
    if (KEYS.containsKey(field)) {
      return KEYS.get(field);
    }
    String kebab = field.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    return field.startsWith(prefix)
        ? "pruning.initial." + kebab.substring("initial-pruning.".length())
        : kebab;
  }
}
