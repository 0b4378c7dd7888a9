package io.coppice.pruning;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.model.Mask;
import io.coppice.pruning.example.RandomSparse;
import io.coppice.replay.RunDefinition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** docs/policies.md says what is there. */
class PolicyDocsTest {

  private static final Path MODULE = Path.of(System.getProperty("basedir", ""));

  @Test
  void theExampleInTheDocsIsTheOneThatIsCompiled() throws IOException {
    String source =
        Files.readString(
            MODULE.resolve("src/test/java/io/coppice/pruning/example/RandomSparse.java"));
    assertThat(docs()).contains("\n```java\n" + source + "```\n");
  }

  @Test
  void everyPolicyHasItsLine() throws IOException {
    assertThat(MaskPolicy.all())
        .filteredOn(policy -> !(policy instanceof RandomSparse))
        .allSatisfy(policy -> assertThat(docs()).contains("\n| `" + policy.name() + "` |"));
  }

  @Test
  void theExampleDrawsMasksOfTheDensity() {
    RunDefinition run =
        PolicyRun.scheduled(PolicyRun.definition("random-sparse", 0.25), PolicyRun.layout(100, 20));
    RandomSparse policy = new RandomSparse();
    float[] parameters = new float[120];
    Mask initial = policy.initialMask(run, parameters);
    Mask next =
        policy.begin(run).decide(PolicyRun.round(run, 50, initial, parameters, null, null)).mask();
    assertThat(initial.keptPerLayer()).containsExactly(25, 5);
    assertThat(next.keptPerLayer()).containsExactly(25, 5);
    assertThat(next).isNotEqualTo(initial).isNotEqualTo(Mask.full(run.layout()));
  }

  private static String docs() throws IOException {
    return Files.readString(MODULE.resolve("../docs/policies.md"));
  }
}
