package io.coppice.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

class LogSerdesTest {

  @Test
  void allTopicsAreRegisteredUnderTheirFullNames() {
    Set<String> subjects = new TreeSet<>();
    SchemaRegistry registry =
        new SchemaRegistry() {
          @Override
          public int idOf(String subject, Schema schema) {
            subjects.add(subject);
            return subjects.size();
          }

          @Override
          public Schema schemaOf(int id) {
            throw new AssertionError("nothing is read");
          }
        };
    new LogSerdes(registry).registerAll("test.");
    assertThat(subjects)
        .isEqualTo(
            Arrays.stream(Topic.values())
                .map(topic -> "test." + topic.suffix() + "-value")
                .collect(Collectors.toCollection(TreeSet::new)));
  }
}
