package io.coppice.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
