package io.coppice.audit.diff;

import io.coppice.schemas.TrainingRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;

/**
 * A field in which the definitions of two runs differ.
 *
 * @param field its name, behind those of the fields that it lies in, such as {@code training.learningRate}
 * @param first its value in the first run, {@code null} where it is not set
 * @param second its value in the second run
 */
public record FieldDifference(String field, String first, String second) {

  /** What is a run's own. */
  private static final Set<String> OWN = Set.of("runId", "createdAt");

  /** The fields in which two definitions differ, but for id and time, in the order of the schema. */
  static List<FieldDifference> between(TrainingRun first, TrainingRun second) {
    List<FieldDifference> differences = new ArrayList<>();
    collect("", first, second, differences);
    return differences;
  }

  private static void collect(
      String path, SpecificRecord first, SpecificRecord second, List<FieldDifference> differences) {
    for (Schema.Field field : first.getSchema().getFields()) {
      String name = path + field.name();
      Object a = first.get(field.pos());
      Object b = second.get(field.pos());
      if (OWN.contains(name) || Objects.equals(a, b)) {
        continue;
      }
      if (a instanceof SpecificRecord one && b instanceof SpecificRecord other) {
        collect(name + ".", one, other, differences);
      } else {
        differences.add(new FieldDifference(name, String.valueOf(a), String.valueOf(b)));
      }
    }
  }
}
