package io.coppice.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.avro.Schema;

/**
 * Subjects, their schemas and their compatibility levels: a fold over the {@code _schemas} topic. A change is appended to the
 * topic first and applied afterwards, by the same code that replays the topic at start. Safe for use by many threads.
 */
final class SchemaStore implements AutoCloseable {

  /** An audit log must stay readable: new readers read everything that was ever written. */
  static final CompatibilityLevel DEFAULT_LEVEL = CompatibilityLevel.BACKWARD_TRANSITIVE;

  /** Stands for "all subjects" among the levels; no subject is called so. */
  private static final String ALL_SUBJECTS = "";

  private final SchemasTopic topic;
  private final TreeMap<Integer, String> textById = new TreeMap<>();
  private final Map<String, Integer> idByText = new HashMap<>();
  private final TreeMap<String, TreeMap<Integer, SchemaVersion>> subjects = new TreeMap<>();
  private final Map<String, CompatibilityLevel> levels = new HashMap<>();

  /** Takes over the topic, and reads it to its end. */
  SchemaStore(SchemasTopic topic) {
    this.topic = topic;
    topic.replay(this::apply);
  }

  private void write(String key, String value) {
    topic.append(key, value);
    apply(key, value);
  }

  private synchronized void apply(String key, String value) {
    JsonNode name = StoreRecords.parse(key);
    JsonNode content = value == null ? null : StoreRecords.parse(value);
    String subject = name.path("subject").asText(ALL_SUBJECTS);
    switch (name.path("keytype").asText()) {
      case "SCHEMA" -> applySchema(subject, name.path("version").asInt(), content);
      case "CONFIG" -> applyLevel(subject, content);
      // Confluent's registry also writes NOOP, MODE, DELETE_SUBJECT and others; none of them
      // changes what is kept here:
      // a deletion of a subject is followed by a SCHEMA record for each of its versions.
      default -> {}
    }
  }

  private void applySchema(String subject, int version, JsonNode content) {
    TreeMap<Integer, SchemaVersion> versions =
        subjects.computeIfAbsent(subject, s -> new TreeMap<>());
    if (content == null) {
      versions.remove(version);
    } else {
      int id = content.path("id").asInt();
      String text = content.path("schema").asText();
      textById.put(id, text);
      idByText.putIfAbsent(text, id);
      if (content.path("deleted").asBoolean()) {
        // Softly deleted: gone from the subject, but records written with it can still be read by
        // its id.
        versions.remove(version);
      } else {
        versions.put(version, new SchemaVersion(subject, version, id, text));
      }
    }
    if (versions.isEmpty()) {
      subjects.remove(subject);
    }
  }

  private void applyLevel(String subject, JsonNode content) {
    if (content == null) {
      levels.remove(subject);
    } else {
      levels.put(subject, CompatibilityLevel.parse(content.path("compatibilityLevel").asText()));
    }
  }

  /** All subjects, in ascending order. */
  synchronized List<String> subjects() {
    return List.copyOf(subjects.keySet());
  }

  /**
   * The versions of a subject, oldest first; never empty.
   *
   * @throws RegistryError if there is no such subject
   */
  synchronized List<SchemaVersion> versions(String subject) {
    TreeMap<Integer, SchemaVersion> versions = subjects.get(subject);
    if (versions == null) {
      throw RegistryError.subjectNotFound(subject);
    }
    return List.copyOf(versions.values());
  }

  /** The versions of a subject, oldest first; empty if there is no such subject. */
  synchronized List<SchemaVersion> versionsIfAny(String subject) {
    return subjects.containsKey(subject) ? versions(subject) : List.of();
  }

  /** Every version of every subject, by subject and version. */
  synchronized List<SchemaVersion> all() {
    List<SchemaVersion> all = new ArrayList<>();
    subjects.values().forEach(versions -> all.addAll(versions.values()));
    return all;
  }

  /**
   * The text of a schema.
   *
   * @throws RegistryError if no schema has this id
   */
  synchronized String schema(int id) {
    String text = textById.get(id);
    if (text == null) {
      throw RegistryError.schemaNotFound(String.valueOf(id));
    }
    return text;
  }

  /**
   * Registers a schema under a subject, or finds it there.
   *
   * @return the id
   * @throws RegistryError if the schema is not compatible with what the subject's level compares it with
   */
  synchronized int register(String subject, Schema schema) {
    String text = schema.toString();
    List<SchemaVersion> earlier = versionsIfAny(subject);
    for (SchemaVersion version : earlier) {
      if (version.schema().equals(text)) {
        return version.id();
      }
    }
    List<String> violations = effectiveLevel(subject).violations(schema, earlier);
    if (!violations.isEmpty()) {
      throw RegistryError.incompatible(subject, violations.toString());
    }
    Integer known = idByText.get(text);
    int id = known != null ? known : textById.isEmpty() ? 1 : textById.lastKey() + 1;
    int number = earlier.isEmpty() ? 1 : earlier.getLast().version() + 1;
    SchemaVersion added = new SchemaVersion(subject, number, id, text);
    write(StoreRecords.schemaKey(subject, number), StoreRecords.schemaValue(added));
    return id;
  }

  /** The level that was set for a subject, or for all if {@code subject} is empty. */
  synchronized Optional<CompatibilityLevel> level(Optional<String> subject) {
    return Optional.ofNullable(levels.get(subject.orElse(ALL_SUBJECTS)));
  }

  /** The level that a subject's schemas are held to. */
  synchronized CompatibilityLevel effectiveLevel(String subject) {
    return level(Optional.of(subject)).orElseGet(this::globalLevel);
  }

  /** The level of all subjects that have none of their own. */
  synchronized CompatibilityLevel globalLevel() {
    return level(Optional.empty()).orElse(DEFAULT_LEVEL);
  }

  synchronized void setLevel(Optional<String> subject, CompatibilityLevel level) {
    write(StoreRecords.levelKey(subject.orElse(null)), StoreRecords.levelValue(level));
  }

  synchronized void removeLevel(Optional<String> subject) {
    write(StoreRecords.levelKey(subject.orElse(null)), null);
  }

  @Override
  public void close() {
    topic.close();
  }
}
