package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.console.Coppice;
import io.coppice.console.SmallMnist;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.LogSerdes;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The demo in a process of its own, which is killed in the middle and goes on when it is started again. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class DemoProcessTest {

  private static final int ROUNDS = 14;

  @TempDir private Path temporary;

  @Test
  void aKilledDemoGoesOnWhereItWas() throws Exception {
    Path data = SmallMnist.write(temporary.resolve("data"), 300, 100);
    Path directory = temporary.resolve("run");
    Path report = temporary.resolve("report.json");

    Process killed = start(data, directory, report);
    awaitLine(killed, "round 4 of 13: ");
    killed.destroyForcibly().waitFor();
    assertThat(report).doesNotExist();

    Process resumed = start(data, directory, report);
    List<String> output = awaitEnd(resumed);
    assertThat(resumed.exitValue()).as("%s", output).isZero();
    assertThat(output).anyMatch(line -> line.startsWith("Going on with run demo-"));

    JsonNode rounds = new ObjectMapper().readTree(report.toFile()).get("rounds");
    assertThat(rounds.findValues("round").stream().map(JsonNode::intValue))
        .containsExactlyElementsOf(IntStream.range(0, ROUNDS).boxed().toList());
    assertThat(rounds.get(ROUNDS - 1).get("accuracy").isNumber()).isTrue();
    theLogHolds(directory);
  }

  private static void theLogHolds(Path directory) {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(directory, 0)) {
      LogSerdes serdes = new LogSerdes(cluster.config().newRegistry());
      assertThat(Runs.all(cluster.config(), serdes)).hasSize(1);
      RunDefinition run = Runs.find(cluster.config(), serdes, Optional.empty()).orElseThrow();
      try (RunLog log = new RunLog(cluster.config(), serdes, run)) {
        log.readOn();
        Proof.holdsFor(log);
      }
    }
  }

  private static Process start(Path data, Path directory, Path report) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Xmx1g",
                "-Dorg.bytedeco.javacpp.maxbytes=0",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                "-Dlogback.configurationFile=console-logback.xml",
                "-cp",
                System.getProperty("java.class.path"),
                Coppice.class.getName(),
                "demo"));
    command.addAll(List.of("--data", data.toString(), "--dir", directory.toString()));
    command.addAll(List.of("--report", report.toString(), "--no-initial-pruning"));
    command.addAll(List.of("--rounds", String.valueOf(ROUNDS), "--agents", "3"));
    command.addAll(List.of("--local-steps", "2", "--batch", "5", "--partition", "iid"));
    command.addAll(List.of("--evaluate-every", "2", "--reconfigure-every", "4"));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("OMP_NUM_THREADS", "1");
    return builder.start();
  }

  /** Reads the output up to a line that begins in this way. */
  private static void awaitLine(Process process, String beginning) throws IOException {
    List<String> lines = new ArrayList<>();
    BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (line.startsWith(beginning)) {
        return;
      }
      lines.add(line);
    }
    throw new AssertionError("'" + beginning + "' does not come: " + lines);
  }

  private static List<String> awaitEnd(Process process) throws InterruptedException {
    List<String> lines = process.inputReader(StandardCharsets.UTF_8).lines().toList();
    process.waitFor();
    return lines;
  }
}
