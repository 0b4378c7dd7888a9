package io.coppice.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands, each called as a user calls it. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class CoppiceTest {

  private static final Path CASES =
      Path.of("..", "learning", "src", "test", "resources", "mask-decision-cases");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path temporary;

  @ParameterizedTest
  @ValueSource(
      strings = {"", "demo ", "prune ", "plot ", "serve ", "tail ", "audit ", "audit verify "})
  void everyCommandHasHelp(String command) {
    CommandRun run = CommandRun.of((command + "--help").split(" "));
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).contains("Usage: coppice " + command.strip());
  }

  @Test
  void theHelpNamesAllCommands() {
    assertThat(CommandRun.of("--help").out())
        .contains("demo", "prune", "plot", "serve", "tail", "audit");
  }

  @Test
  void theVersionIsThatOfTheBuild() {
    CommandRun run = CommandRun.of("--version");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines()).first().asString().matches("coppice \\d+\\.\\d+\\.\\d+.*");
  }

  static Stream<Path> goldenCases() throws IOException {
    try (Stream<Path> files = Files.list(CASES)) {
      // The generated case holds a recipe in place of its tensors.
      return files
          .filter(f -> f.toString().endsWith(".json") && !f.toString().contains("generated"))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("goldenCases")
  void pruneDecidesAsTheAuthorsCode(Path file) throws IOException {
    CommandRun run = CommandRun.of("prune", file.toString());
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    JsonNode expected = JSON.readTree(file.toFile()).get("expected");
    JsonNode masks = expected.get("masks_u8");
    assertThat(JSON.readTree(run.out()).get("masks_u8"))
        .containsExactlyElementsOf(masks == null ? expected.get("suggested_masks_u8") : masks);
  }

  @Test
  void aDemoIsReportedTailedAndKeptFromOtherSettings() throws IOException {
    Path data = SmallMnist.write(temporary.resolve("data"), 60, 20);
    Path directory = temporary.resolve("run");
    Path report = temporary.resolve("report.json");
    List<String> demo = new ArrayList<>(List.of("demo", "--data", data.toString()));
    demo.addAll(List.of("--dir", directory.toString(), "--report", report.toString()));
    demo.addAll(List.of("--agents", "2", "--batch", "5", "--local-steps", "1"));
    demo.addAll(List.of("--no-initial-pruning", "--rounds"));

    CommandRun run = CommandRun.of(with(demo, "2"));
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("after 2 rounds", "./coppice tail rounds --dir " + directory);
    JsonNode figures = JSON.readTree(report.toFile());
    assertThat(figures.get("rounds")).hasSize(2);
    assertThat(figures.get("settings").get("agents").intValue()).isEqualTo(2);

    CommandRun other = CommandRun.of(with(demo, "3"));
    assertThat(other.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(other.err().strip())
        .isEqualTo(
            "%s holds a run with rounds 2, not 3: give the same options as then, or another --dir.",
            directory);

    CommandRun tail = CommandRun.of("tail", "rounds", "--dir", directory.toString());
    assertThat(tail.exitCode()).isZero();
    List<String> events = new ArrayList<>();
    for (String line : tail.out().lines().toList()) {
      events.add(JSON.readTree(line).get("value").get("event").textValue());
    }
    assertThat(events)
        .containsExactly("RoundOpened", "RoundClosed", "RoundOpened", "RoundClosed", "RunFinished");
  }

  private static String[] with(List<String> arguments, String last) {
    return Stream.concat(arguments.stream(), Stream.of(last)).toArray(String[]::new);
  }
}
