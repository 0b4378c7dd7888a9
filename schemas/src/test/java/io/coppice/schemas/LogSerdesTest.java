package io.coppice.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

class LogSerdesTest {

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final List<String> subjects = new ArrayList<>();

  @Test
  void allTopicsAreRegisteredUnderTheirFullNames() {
    new LogSerdes(registry(call -> null)).registerAll("test.");
    assertThat(new TreeSet<>(subjects))
        .isEqualTo(
            Arrays.stream(Topic.values())
                .map(topic -> "test." + topic.suffix() + "-value")
                .collect(Collectors.toCollection(TreeSet::new)));
  }

  @Test
  void aRegistryThatDoesNotAnswerYetIsWaitedFor() throws InterruptedException {
    new LogSerdes(
            registry(
                call -> call < 2 ? new SchemaRegistry.UnreachableException("No.", null) : null))
        .registerAll("test.", PATIENCE);
    assertThat(subjects).hasSize(Topic.values().length);
  }

  @Test
  void aRegistryThatNeverAnswersIsGivenUp() {
    LogSerdes serdes =
        new LogSerdes(registry(call -> new SchemaRegistry.UnreachableException("No.", null)));
    assertThatThrownBy(() -> serdes.registerAll("test.", Duration.ZERO))
        .isInstanceOf(SchemaRegistry.UnreachableException.class)
        .hasMessage("No.");
  }

  @Test
  void aRegistryThatRefusesIsNotAskedAgain() {
    LogSerdes serdes =
        new LogSerdes(
            registry(
                call -> {
                  assertThat(call).isZero();
                  return new SchemaRegistry.RegistryException("Refused.", null);
                }));
    assertThatThrownBy(() -> serdes.registerAll("test.", PATIENCE)).hasMessage("Refused.");
  }

  /**
   * A registry that remembers subjects.
   *
   * @param failure of the call with a number, from 0; null: none
   */
  private SchemaRegistry registry(IntFunction<RuntimeException> failure) {
    return new SchemaRegistry() {

      private int calls;

      @Override
      public int idOf(String subject, Schema schema) {
        RuntimeException thrown = failure.apply(calls++);
        if (thrown != null) {
          throw thrown;
        }
        subjects.add(subject);
        return subjects.size();
      }

      @Override
      public Schema schemaOf(int id) {
        throw new AssertionError("nothing is read");
      }
    };
  }
}
