package io.coppice.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.Incompatibility;
import org.apache.avro.specific.SpecificData;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Logs that a release has written stay readable for ever: today's classes read the schemas of every release, which are kept under
 * {@code src/test/resources/released/<version>}.
 *
 * <p>A release adds its folder by {@code ./mvnw test -pl schemas -Dtest=ReleasedSchemasTest -Dcoppice.release=<version>}.
 */
class ReleasedSchemasTest {

  private static final Path RELEASED = Path.of("src/test/resources/released");

  @TestFactory
  List<DynamicTest> todaysClassesReadEveryRelease() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    try (Stream<Path> files = Files.walk(RELEASED)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".avsc")).sorted().toList()) {
        tests.add(
            DynamicTest.dynamicTest(
                RELEASED.relativize(file).toString(), () -> assertIsReadable(file)));
      }
    }
    assertThat(tests).isNotEmpty();
    return tests;
  }

  @Test
  void theFirstReleaseHoldsEveryTopicThatItHad() {
    Path first = RELEASED.resolve("0.1.0");
    for (Topic topic : Topic.values()) {
      Path schema = first.resolve(topic.suffix() + ".avsc");
      if (topic.isInFirstRelease()) {
        assertThat(schema).exists();
      } else {
        assertThat(schema).doesNotExist();
      }
    }
  }

  @Test
  @EnabledIfSystemProperty(named = "coppice.release", matches = ".+")
  void release() throws IOException {
    Path folder = Files.createDirectories(RELEASED.resolve(System.getProperty("coppice.release")));
    for (Topic topic : Topic.values()) {
      Files.writeString(
          folder.resolve(topic.suffix() + ".avsc"), current(topic).toString(true) + "\n");
    }
  }

  private static void assertIsReadable(Path file) throws IOException {
    String name = file.getFileName().toString();
    Topic topic = Topic.bySuffix(name.substring(0, name.length() - ".avsc".length())).orElseThrow();
    Schema released = new Schema.Parser().parse(Files.readString(file));
    List<Incompatibility> incompatibilities =
        SchemaCompatibility.checkReaderWriterCompatibility(current(topic), released)
            .getResult()
            .getIncompatibilities();
    assertThat(incompatibilities).isEmpty();
  }

  private static Schema current(Topic topic) {
    Schema schema = SpecificData.get().getSchema(TopicValues.CLASSES.get(topic));
    return new Schema.Parser().parse(ConfluentSchemaRegistry.portable(schema));
  }
}
