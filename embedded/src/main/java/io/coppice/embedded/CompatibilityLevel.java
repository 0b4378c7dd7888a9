package io.coppice.embedded;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.Incompatibility;

/**
 * Confluent's compatibility levels: in which direction a new schema must be resolvable with earlier ones, and with which of them.
 *
 * @see <a href="https://docs.confluent.io/platform/current/schema-registry/fundamentals/schema-evolution.html">Schema evolution</a>
 */
enum CompatibilityLevel {
  NONE(false, false, false),
  BACKWARD(true, false, false),
  BACKWARD_TRANSITIVE(true, false, true),
  FORWARD(false, true, false),
  FORWARD_TRANSITIVE(false, true, true),
  FULL(true, true, false),
  FULL_TRANSITIVE(true, true, true);

  private final boolean readsEarlier;
  private final boolean readByEarlier;
  private final boolean transitive;

  CompatibilityLevel(boolean readsEarlier, boolean readByEarlier, boolean transitive) {
    this.readsEarlier = readsEarlier;
    this.readByEarlier = readByEarlier;
    this.transitive = transitive;
  }

  /**
   * @throws RegistryError if there is no such level
   */
  static CompatibilityLevel parse(String name) {
    try {
      return valueOf(name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw RegistryError.invalidLevel();
    }
  }

  /**
   * What stands against a new schema.
   *
   * @param candidate the new schema
   * @param earlier the versions of its subject, oldest first
   * @return one text for every incompatibility; empty if the candidate is compatible
   */
  List<String> violations(Schema candidate, List<SchemaVersion> earlier) {
    List<String> violations = new ArrayList<>();
    List<SchemaVersion> newestFirst = earlier.reversed();
    int compared = transitive ? newestFirst.size() : Math.min(1, newestFirst.size());
    for (SchemaVersion version : newestFirst.subList(0, compared)) {
      Schema old = version.parsed();
      if (readsEarlier) {
        add(violations, candidate, old, "the new schema cannot read version ", version);
      }
      if (readByEarlier) {
        add(violations, old, candidate, "the new schema cannot be read with version ", version);
      }
    }
    return violations;
  }

  private void add(
      List<String> violations, Schema reader, Schema writer, String what, SchemaVersion version) {
    for (Incompatibility found :
        SchemaCompatibility.checkReaderWriterCompatibility(reader, writer)
            .getResult()
            .getIncompatibilities()) {
      violations.add(
          String.format(
              "%s: %s%d: %s at %s: %s",
              this,
              what,
              version.version(),
              found.getType(),
              found.getLocation(),
              found.getMessage()));
    }
  }
}
