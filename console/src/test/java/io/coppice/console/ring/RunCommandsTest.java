package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.console.CommandRun;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs that are started by files, watched, stopped and resumed from the command line, several at once. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RunCommandsTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private static Path temporary;

  private static Ring ring;

  @BeforeAll
  static void start() throws InterruptedException {
    ring =
        new Ring(
            first(400, Datasets.open(MNIST, Split.TRAIN)),
            first(50, Datasets.open(MNIST, Split.TEST)),
            temporary.resolve("streams"));
  }

  @AfterAll
  static void stop() {
    ring.close();
  }

  private static Dataset first(int count, Dataset data) {
    return data.subset(IntStream.range(0, count).toArray());
  }

  private static Path file(String name, String text) throws IOException {
    return Files.writeString(temporary.resolve(name), text);
  }

  /** Calls 'coppice run' for the ring's cluster. */
  private static CommandRun run(String... arguments) {
    List<String> call = new ArrayList<>(List.of("run"));
    call.addAll(List.of(arguments));
    call.addAll(cluster());
    return CommandRun.of(call.toArray(String[]::new));
  }

  private static List<String> cluster() {
    return List.of(
        "--bootstrap",
        ring.cluster().bootstrapServers(),
        "--registry",
        ring.cluster().registryUrl());
  }

  private static RunDefinition started(String id, String text) throws IOException {
    CommandRun start = run("start", "--file", file(id + ".yaml", text).toString(), "--run", id);
    assertThat(start.err()).isEmpty();
    assertThat(start.exitCode()).isZero();
    assertThat(start.out())
        .startsWith("Run " + id + " is defined.")
        .contains("coppice run watch " + id + " --bootstrap");
    return Runs.find(ring.cluster(), ring.serdes(), Optional.of(id)).orElseThrow();
  }

  private static void assertRefused(CommandRun run, int exitCode, String sentence) {
    assertThat(run.err().strip()).isEqualTo(sentence);
    assertThat(run.exitCode()).isEqualTo(exitCode);
  }

  private static JsonNode json(CommandRun run) throws IOException {
    assertThat(run.err()).isEmpty();
    return JSON.readTree(run.out());
  }

  @Test
  void severalRunsGoOnAtOnceAndOneIsStoppedMeanwhile() throws Exception {
    RunDefinition pruned =
        started(
            "pruned",
            """
            {seed: 1, rounds: 100, model: {network: mlp}, agents: {expected: 2},
             training: {local-steps: 2, batch: 5}, evaluation: {every: 2},
             pruning: {reconfigure-every: 2, initial: false}}
            """);
    RunDefinition sparse =
        started(
            "sparse",
            """
            seed: 2
            rounds: 9
            model: {network: lenet5}
            agents: {expected: 2, quorum: 2}
            training: {local-steps: 1, batch: 5}
            pruning: {policy: fedtiny, density: 0.3, reconfigure-every: 1}
            evaluation: {every: 3}
            shard-values: 1000
            """);
    RunDefinition plain =
        started(
            "plain",
            """
            {rounds: 7, model: {network: mlp, loss: bce}, agents: {expected: 1},
             training: {batch: 4}, pruning: {policy: none}, encoding: bfloat16}
            """);
    assertThat(run("status", "pruned").out())
        .startsWith("Run pruned ")
        .contains("mlp for images of 1 x 28 x 28 and 10 classes");
    for (String agent : List.of("a-0", "a-1")) {
      ring.startAgent(pruned, agent);
    }
    ring.await(pruned, "a few rounds", log -> log.hasClosed(2));
    assertRefused(run("resume", "pruned"), 1, "Run pruned is not stopped: it goes on anyway.");
    assertRefused(
        run("stop"),
        2,
        "Several runs are not finished, so name one: there is plain, sparse, pruned.");
    CommandRun stop = run("stop", "pruned", "--reason", "new disks", "--wait");
    assertThat(stop.err()).isEmpty();
    assertThat(stop.exitCode()).isZero();
    assertThat(stop.out())
        .startsWith("Run pruned is stopped")
        .contains("No round is open any more.");
    RunLog stopped = ring.await(pruned, "the stop", log -> !log.events(RunStopped.class).isEmpty());
    stopped.readOn();
    int closed = stopped.closed().size();
    assertRefused(
        run("stop", "pruned"),
        1,
        "Run pruned is stopped already: 'coppice run resume' lets it go on.");

    assertThat(run("status", "sparse").out())
        .startsWith("Run sparse waits for agents: 0 of 2 have joined.");
    ring.startAgent(sparse, "b-2");
    ring.startAgent(sparse, "b-3");
    ring.startAgent(plain, "c-4");
    ring.await(sparse, "the end of the run", RunLog::isComplete);
    ring.await(plain, "the end of the run", RunLog::isComplete);
    stopped.readOn();
    assertThat(stopped.closed()).as("nothing went on meanwhile").hasSize(closed);
    CommandRun status = run("status");
    assertThat(status.out())
        .startsWith("Run pruned is stopped: " + closed + " of 100 rounds are done;")
        .contains(": new disks");
    JsonNode document = json(run("status", "--json"));
    assertThat(document.get("state").asText()).isEqualTo("stopped");
    assertThat(document.get("closedRounds").asInt()).isEqualTo(closed);
    assertThat(document.get("stopped").get("reason").asText()).isEqualTo("new disks");

    whoeverWatchesMayLeave("pruned");
    CommandRun resume = run("resume");
    assertThat(resume.out().strip()).isEqualTo("Run pruned goes on.");
    CommandRun watch = run("watch", "pruned");
    assertThat(watch.exitCode()).isZero();
    assertThat(watch.out())
        .contains("round 99 of 99: accuracy")
        .endsWith("Run pruned is finished." + System.lineSeparator());
    RunLog log = ring.finish(pruned);
    assertThat(log.events(RunStopped.class)).hasSize(1);
    assertThat(log.events(RunResumed.class)).hasSize(1);
    ring.finish(sparse);
    ring.finish(plain);
    onlyItsOwnAgentsContribute(log, "a-0", "a-1");

    assertRefused(
        run("stop", "pruned"), 1, "Run pruned is finished: it can neither stop nor go on.");
    assertRefused(
        run("resume"), 2, "All runs are finished, so name one: there is plain, sparse, pruned.");
    assertThat(run("list").out().lines())
        .first()
        .asString()
        .containsSubsequence("run", "state", "round", "agents", "density", "accuracy", "defined");
    assertThat(run("list").out())
        .containsPattern("pruned +finished +100/100 +2/2 +0\\.\\d{4} +\\d");
    JsonNode list = json(run("list", "--json"));
    assertThat(list.findValuesAsText("run")).containsExactly("plain", "sparse", "pruned");
    assertThat(list.findValuesAsText("state")).containsOnly("finished");
  }

  private static void onlyItsOwnAgentsContribute(RunLog log, String... agents) {
    for (RoundClosed closed : log.closed()) {
      assertThat(closed.getContributors()).extracting(Contributor::getAgentId).isSubsetOf(agents);
    }
  }

  @Test
  void aRunIsDefinedOnceOnly() throws Exception {
    Path file = file("once.yaml", "{run: once, rounds: 3, agents: {expected: 2}}");
    String[] start = {"start", "--file", file.toString(), "--topic-prefix", "once."};
    List<String> optional = new ArrayList<>(List.of(start));
    optional.add("--if-absent");
    String[] ifAbsent = optional.toArray(String[]::new);
    assertThat(run(ifAbsent).out()).startsWith("Run once is defined.");
    assertRefused(
        run(start),
        2,
        "Run once exists already: give another id with --run, or --if-absent to leave it as it is.");
    CommandRun again = run(ifAbsent);
    assertThat(again.exitCode()).isZero();
    assertThat(again.out()).startsWith("Run once is there already, defined in the same way.");
    Files.writeString(file, "{run: once, rounds: 3, agents: {expected: 2, deadline: 5m}}");
    assertRefused(
        run(ifAbsent),
        2,
        "Run once exists already, and is defined otherwise: it has another 'agents.deadline' than "
            + file
            + ".");
    assertThat(run("list", "--json", "--topic-prefix", "once.").out()).containsOnlyOnce("\"once\"");
  }

  @Test
  void whatCannotBeDoneIsSaidInOneSentence() throws Exception {
    Path unnamed = file("unnamed.yaml", "{rounds: 3}");
    assertRefused(
        run("start", "--file", unnamed.toString(), "--if-absent"),
        2,
        "--if-absent needs the id of the run: give --run, or the key 'run' in the file.");
    assertRefused(
        run("start", "--file", unnamed.toString(), "--run", "A"),
        2,
        "--run is 1 to 64 of a-z, 0-9 and '-', not 'A'.");
    Path wrong = file("wrong.yaml", "{run: wrong, rounds: 0}");
    assertRefused(
        run("start", "--file", wrong.toString()), 2, wrong + ":1:22: rounds is at least 1, not 0.");
    assertThat(run("list", "--json").out()).doesNotContain("\"wrong\"");
    assertRefused(
        run("list", "--topic-prefix", "none."),
        1,
        "--bootstrap: There is no topic none.runs at " + ring.cluster().bootstrapServers() + ".");
    assertThat(run("status", "nobody").err())
        .matches("(There is no run nobody: there is|The log holds no run yet:) .*\\R");
    assertRefused(run("stop", "x", "--timeout", "0"), 2, "--timeout is at least 1, not 0.");
  }

  @Test
  void topicsAreMadeWhereThereAreNoneAndNobodyAnswersThere() throws Exception {
    Path file = file("lonely.json", "{\"run\": \"lonely\", \"rounds\": 3}");
    String[] other = {
      "--topic-prefix", "other.", "--shard-partitions", "2", "--run-partitions", "1"
    };
    List<String> call = new ArrayList<>(List.of("start", "--file", file.toString()));
    call.addAll(List.of(other));
    assertThat(run(call.toArray(String[]::new)).out()).startsWith("Run lonely is defined.");
    assertThat(run("status", "--topic-prefix", "other.").out())
        .startsWith("Run lonely is defined; no aggregator has taken it up.");
    assertRefused(
        run("stop", "--topic-prefix", "other.", "--timeout", "1"),
        1,
        "Nobody has answered within 1 s: is an aggregator running? The command stays in the log, and the next one that is started"
            + " carries it out.");
  }

  @Test
  void aFileIsCheckedWithoutACluster() throws Exception {
    Path file = file("dry.yaml", "{rounds: 3}");
    CommandRun dry = CommandRun.of("run", "start", "--file", file.toString(), "--dry-run");
    assertThat(dry.exitCode()).isZero();
    assertThat(dry.out()).startsWith(file + " is a valid run definition.");
  }

  /** A process of its own watches a run that is stopped, and is ended. */
  private static void whoeverWatchesMayLeave(String id) throws Exception {
    CoppiceProcess watch =
        CoppiceProcess.start(
            List.of("run", "watch", id),
            Map.of(
                "COPPICE_BOOTSTRAP", ring.cluster().bootstrapServers(),
                "COPPICE_REGISTRY", ring.cluster().registryUrl()));
    watch.awaitLine("stopped by ");
    watch.terminate();
    assertThat(watch.awaitEnd())
        .contains("Run " + id + " goes on without being watched. To see it again:")
        .last()
        .isEqualTo("  coppice run watch " + id);
  }
}
