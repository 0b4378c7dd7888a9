package io.coppice.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.replay.LogReader;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
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

    Path picture = report.resolveSibling("curves.png");
    CommandRun plot = CommandRun.of("plot", "ours=" + report, "--out", picture.toString());
    assertThat(plot.exitCode()).isZero();
    assertThat(plot.out()).contains("ours");
    assertThat(ImageIO.read(picture.toFile()).getWidth()).isGreaterThan(1000);

    CommandRun audit = CommandRun.of("audit", "verify", "--dir", directory.toString());
    assertThat(audit.err()).isEmpty();
    assertThat(audit.exitCode()).isZero();
    assertThat(audit.out()).contains("2 rounds, 4 updates, 2 aggregates and 0 masks");

    long offset = forgeAnAggregate(directory);
    CommandRun forged = CommandRun.of("audit", "verify", "--dir", directory.toString());
    assertThat(forged.exitCode()).isEqualTo(Coppice.FAILED);
    assertThat(forged.err().strip())
        .isEqualTo("aggregates-0@%d: this aggregate is there a second time.", offset);
  }

  /** Writes the last aggregate once more, with one value changed and a digest that fits; tells its offset. */
  private static long forgeAnAggregate(Path directory) {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(directory, 0);
        LogReader reader = new LogReader(cluster.config())) {
      LogSerdes serdes = new LogSerdes(cluster.config().newRegistry());
      reader.followFromStart(Topic.AGGREGATES, 0);
      AggregateShard last = null;
      while (!reader.hasReachedEnd()) {
        for (LogReader.Entry entry : reader.poll(Duration.ofMillis(200))) {
          last = serdes.aggregates.deserialize("aggregates", entry.value());
        }
      }
      last.getValues().put(3, (byte) (last.getValues().get(3) ^ 0x40));
      last.setDigest(ContentDigest.of(last));
      long end = reader.position(Topic.AGGREGATES, 0).getAsLong();
      try (TransactionalWriter writer =
          new TransactionalWriter(cluster.config(), "forger", last.getRunId())) {
        writer.begin();
        writer.sendByShard(
            Topic.AGGREGATES,
            serdes.aggregates,
            LogKeys.shard(last.getRunId(), last.getKind(), last.getShard()),
            last.getShard(),
            last);
        writer.commit();
      }
      return end;
    }
  }

  private static String[] with(List<String> arguments, String last) {
    return Stream.concat(arguments.stream(), Stream.of(last)).toArray(String[]::new);
  }
}
