package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.console.SmallMnist;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.keys.KeyFile;
import io.coppice.schemas.keys.PublicKeys;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
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

  private static final int ROUNDS = 60;

  @TempDir private Path temporary;

  @Test
  void aKilledDemoGoesOnWhereItWas() throws Exception {
    Path data = SmallMnist.write(temporary.resolve("data"), 300, 100);
    Path directory = temporary.resolve("run");
    Path report = temporary.resolve("report.json");

    CoppiceProcess killed = start(data, directory, report);
    killed.awaitLine("round 4 of 59: ");
    killed.kill();
    assertThat(report).doesNotExist();

    CoppiceProcess resumed = start(data, directory, report);
    List<String> output = resumed.awaitEnd();
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
        everyAgentHasKeptItsKey(directory, log);
      }
    }
  }

  private static void everyAgentHasKeptItsKey(Path directory, RunLog log) {
    List<TrustedKey> kept = new ArrayList<>();
    for (String agent : List.of("agent-0", "agent-1", "agent-2")) {
      Path file = directory.resolve("keys").resolve(agent + ".pem");
      ByteBuffer key = Signatures.encode(KeyFile.pem(file).read().getPublic());
      kept.add(new TrustedKey(agent, key));
      assertThat(log.joins)
          .filteredOn(joined -> joined.getAgentId().equals(agent))
          .hasSizeGreaterThanOrEqualTo(1)
          .allMatch(joined -> joined.getPublicKey().equals(key));
    }
    assertThat(log.joins).hasSizeGreaterThan(3);
    assertThat(log.run().run().getTrustedKeys()).isEqualTo(kept);
  }

  @Test
  void aDemoWhoseAgentHasLostItsKeyEndsAndSaysWhy() throws Exception {
    Path data = SmallMnist.write(temporary.resolve("data"), 300, 100);
    Path directory = temporary.resolve("run");
    Path report = temporary.resolve("report.json");
    List<String> pinned = new ArrayList<>(call(data, directory, report));
    pinned.remove("--trust");
    CoppiceProcess killed = CoppiceProcess.start(pinned);
    killed.awaitLine("round 2 of 59: ");
    killed.kill();

    Path key = directory.resolve("keys").resolve("agent-1.pem");
    String lost = PublicKeys.fingerprint(KeyFile.pem(key).read().getPublic());
    Files.delete(key);
    CoppiceProcess resumed = CoppiceProcess.start(pinned);
    List<String> output = resumed.awaitEnd();
    assertThat(resumed.exitValue()).as("%s", output).isEqualTo(1);
    assertThat(output)
        .last()
        .asString()
        .startsWith("In run demo-")
        .endsWith(
            " an agent has joined as agent-1 with the key %s, but this agent's is %s (%s): give it the key file of"
                    .formatted(
                        lost, PublicKeys.fingerprint(KeyFile.pem(key).read().getPublic()), key)
                + " then if it is the same one, and another id if not.");
  }

  private static CoppiceProcess start(Path data, Path directory, Path report) throws IOException {
    return CoppiceProcess.start(call(data, directory, report));
  }

  private static List<String> call(Path data, Path directory, Path report) {
    List<String> call = new ArrayList<>(List.of("demo"));
    call.addAll(List.of("--data", data.toString(), "--dir", directory.toString()));
    call.addAll(List.of("--report", report.toString(), "--no-initial-pruning", "--trust"));
    call.addAll(List.of("--rounds", String.valueOf(ROUNDS), "--agents", "3"));
    call.addAll(List.of("--local-steps", "2", "--batch", "5", "--partition", "iid"));
    call.addAll(List.of("--evaluate-every", "2", "--reconfigure-every", "4"));
    return call;
  }
}
