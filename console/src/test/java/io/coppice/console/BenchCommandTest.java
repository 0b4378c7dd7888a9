package io.coppice.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code coppice bench}, as a user calls it. What it measures is looked at, how long that took is not. */
class BenchCommandTest {

  @TempDir private Path temporary;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --networks mlp,perceptron | --networks: there is no benchmark of network 'perceptron': choose from conv2, conv4, dscnn, lenet5, mlp, resnet18, vgg11, or all.
          --densities 0.5,0         | --densities are above 0 and at most 1, not 0.0.
          --densities 1.5           | --densities are above 0 and at most 1, not 1.5.
          --densities NaN           | --densities are above 0 and at most 1, not NaN.
          --batch 0                 | --batch is at least 1, not 0.
          --repeats 0               | --repeats is at least 1, not 0.
          --agents 0                | --agents is at least 1, not 0.
          --importance --inference  | --importance is about training: it cannot be given with --inference.
          --peer TMP/python         | The program of the PyTorch peer, ./benchmarks/peers/pytorch_step.py, is missing.
          --report TMP/none/r.json  | --report TMP/none/r.json cannot be written: there is no directory TMP/none.
          """)
  void whatIsWrongIsSaidBeforeAnythingIsMeasured(String options, String sentence) {
    CommandRun run = CommandRun.of(("bench train " + here(options)).split(" "));
    assertThat(run.err().strip()).isEqualTo(here(sentence));
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.out()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --agents 10,1001        | --agents is 1 to 1000, not 1001.
          --agents 0              | --agents is 1 to 1000, not 0.
          --instances 13          | --instances is 1 to 12, not 13.
          --threads 1,0           | --threads is 1 to 12, not 0.
          --instances 4,1 --threads 1,4 | --instances times --threads is at most 12, the partitions of a topic, not 16.
          --warm-up 0             | --warm-up is 1 to 1000, not 0.
          --rounds 0              | --rounds is 1 to 1000, not 0.
          --density 0             | --density is above 0 and at most 1, not 0.0.
          --model perceptron      | --model: there is no benchmark of network 'perceptron': choose from conv2, conv4, dscnn, lenet5, mlp, resnet18, vgg11.
          --heap 63               | --heap is at least 64 (MiB), not 63.
          --dir TMP/none          | --dir TMP/none is no directory that can be written into.
          --report TMP/none/r.json | --report TMP/none/r.json cannot be written: there is no directory TMP/none.
          """)
  void whatIsWrongIsSaidBeforeAnythingIsAggregated(String options, String sentence) {
    CommandRun run = CommandRun.of(("bench aggregate " + here(options)).split(" "));
    assertThat(run.err().strip()).isEqualTo(here(sentence));
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.out()).isEmpty();
  }

  @Test
  void whatDoesNotFitOnTheDiskIsNotBegun() {
    CommandRun run =
        CommandRun.of(
            "bench", "aggregate", "--agents", "1000", "--rounds", "1000", "--dir", "" + temporary);
    assertThat(run.err()).startsWith("The log would take 1").contains(" TB and " + temporary);
    assertThat(run.exitCode()).isEqualTo(1);
  }

  @Test
  void aggregationIsMeasuredPrintedAndReported() throws IOException {
    Path file = temporary.resolve("aggregate.json");
    CommandRun run =
        CommandRun.of(
            ("bench aggregate --model mlp --density 0.5 --agents 3 --instances 1 --threads 2 --rounds 1"
                    + " --warm-up 1 --launcher env --heap 256 --encoding bfloat16 --at-least-once --dir "
                    + temporary
                    + " --report "
                    + file)
                .split(" "));
    assertThat(run.err()).contains("turn 1 of 1");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .contains("mlp, density 0.50: 133,510 values an update, 267 kB in BFLOAT16")
        .contains("exactly-once", "at-least-once");
    JsonNode report = new ObjectMapper().readTree(file.toFile());
    assertThat(report.get("launcher").asText()).isEqualTo("env");
    assertThat(report.get("cases")).hasSize(2);
    for (JsonNode bench : report.get("cases")) {
      assertThat(bench.get("agents").asInt()).isEqualTo(3);
      assertThat(bench.get("heldBackRounds")).hasSize(1);
      assertThat(bench.get("liveRounds")).hasSize(1);
      long bytes = bench.get("heldBackRounds").get(0).get("bytes").asLong();
      assertThat(bytes).isBetween(3L * 2 * 133_510, 3L * 2 * 133_510 + 10_000);
      assertThat(bench.get("changelogBytesPerByte").asDouble()).isBetween(1e-4, 0.5);
      assertThat(bench.get("megabytesPerSecond").asDouble()).isPositive().isFinite();
      assertThat(bench.get("busyProcessors").asDouble()).isPositive().isFinite();
      assertThat(bench.get("heapMiB").asInt()).isBetween(1, 256);
    }
    assertThat(report.get("cases").get(0).get("guarantee").asText()).isEqualTo("exactly_once_v2");
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void stepsAreMeasuredPrintedAndReported() throws IOException {
    Path file = temporary.resolve("train.json");
    CommandRun run =
        train(
            "--networks",
            "mlp",
            "--batch",
            "2",
            "--densities",
            "0.5,0.1,0.5",
            "--report",
            file.toString());
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("mlp: 266,610 parameters", "batch 2", "dense (ND4J)");
    assertThat(run.err()).contains("mlp: 2 of 2 repetitions, 0:00 left");
    JsonNode report = new ObjectMapper().readTree(file.toFile());
    assertThat(report.get("kind").asText()).isEqualTo("step");
    JsonNode network = report.get("networks").get(0);
    assertThat(network.get("data").asText()).isEqualTo("synthetic blobs");
    List<String> cases = new ArrayList<>();
    for (JsonNode line : network.get("lines")) {
      cases.add(line.get("variant").asText() + " " + line.get("activeWeights"));
      assertThat(line.get("medianMillis").asDouble()).isFinite();
    }
    assertThat(cases)
        .containsExactly(
            "dense (ND4J) 266200",
            "sparse 133100",
            "sparse 26620",
            "measured 133100",
            "measured 26620");
    assertThat(network.get("lines").get(0).get("speedUpOverDense").asDouble()).isEqualTo(1);
  }

  @Test
  void inferenceIsMeasured() {
    String inference =
        train("--networks", "lenet5,mlp", "--densities", "0.1", "--inference", "--batch", "1")
            .out();
    assertThat(inference).contains("lenet5: ", "mlp: ", "ms a batch");
  }

  @Test
  void importanceAndAgentsAreMeasuredBesides() throws IOException {
    Path file = temporary.resolve("train.json");
    CommandRun run =
        train(
            "--networks",
            "lenet5",
            "--batch",
            "2",
            "--densities",
            "0.1",
            "--importance",
            "--agents",
            "3",
            "--report",
            file.toString());
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("importance:", "3 agents:", "crossovers: conv1 ", "fc3 ");
    JsonNode network = new ObjectMapper().readTree(file.toFile()).get("networks").get(0);
    assertThat(network.get("crossovers").fieldNames())
        .toIterable()
        .containsExactly("conv1", "conv2", "fc1", "fc2", "fc3");
    assertThat(network.get("lines")).hasSize(3);
    for (JsonNode line : network.get("lines")) {
      assertThat(line.get("withImportance").get("overhead").asDouble()).isFinite();
      assertThat(line.get("amongAgents").get("medianMillis").asDouble()).isPositive();
    }
  }

  private static CommandRun train(String... options) {
    String[] call = new String[options.length + 4];
    call[0] = "bench";
    call[1] = "train";
    call[2] = "--repeats";
    call[3] = "2";
    System.arraycopy(options, 0, call, 4, options.length);
    return CommandRun.of(call);
  }

  private String here(String text) {
    return text.replace("TMP", temporary.toString());
  }
}
