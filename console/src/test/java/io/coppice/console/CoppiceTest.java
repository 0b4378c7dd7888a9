package io.coppice.console;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.export.SparseFile;
import io.coppice.replay.LogReader;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
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

  /** Else the others of its group would silently be what they are by default. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "demo --agents 3 --seed 5 --agents 4",
        "demo --agents=3 --seed=5 --agents=3",
        "compare --out x --agents 3 --seed 5 --agents 4",
      })
  void anOptionThatIsGivenTwiceIsRefused(String call) {
    CommandRun run = CommandRun.of(call.split(" "));
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(run.err()).startsWith("Option '--agents' is given more than once.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "compare ",
        "policies ",
        "demo ",
        "predict ",
        "model ",
        "model export ",
        "prune ",
        "plot ",
        "serve ",
        "tail ",
        "audit ",
        "audit verify ",
        "keys ",
        "keys create ",
        "keys show ",
        "audit export ",
        "audit diff ",
        "audit explain ",
        "bench ",
        "bench train ",
        "run ",
        "run example ",
        "run start ",
        "run list ",
        "run status ",
        "run watch ",
        "run stop ",
        "run resume "
      })
  void everyCommandHasHelp(String command) {
    CommandRun run = CommandRun.of((command + "--help").split(" "));
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).contains("Usage: coppice " + command.strip());
  }

  @Test
  void theHelpNamesAllCommands() {
    assertThat(CommandRun.of("--help").out())
        .contains(
            "demo", "predict", "model", "prune", "plot", "serve", "tail", "audit", "keys", "bench");
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
  void aDemoIsReportedTailedAuditedUsedAndKeptFromOtherSettings() throws Exception {
    Path data = SmallMnist.write(temporary.resolve("data"), 60, 20);
    Path directory = temporary.resolve("run");
    Path report = temporary.resolve("report.json");
    List<String> demo = new ArrayList<>(List.of("demo", "--data", data.toString()));
    demo.addAll(List.of("--dir", directory.toString(), "--report", report.toString()));
    demo.addAll(List.of("--agents", "2", "--batch", "5", "--local-steps", "1"));
    demo.addAll(List.of("--evaluate-every", "1", "--reconfigure-every", "1"));
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

    itsLogCanBeTailed(directory);

    Path picture = report.resolveSibling("curves.png");
    CommandRun plot = CommandRun.of("plot", "ours=" + report, "--out", picture.toString());
    assertThat(plot.exitCode()).isZero();
    assertThat(plot.out()).contains("ours");
    assertThat(ImageIO.read(picture.toFile()).getWidth()).isGreaterThan(1000);

    CommandRun audit = CommandRun.of("audit", "verify", "--dir", directory.toString());
    assertThat(audit.err()).isEmpty();
    assertThat(audit.exitCode()).isZero();
    assertThat(audit.out())
        .contains(
            "round    1 holds", "2 rounds, 4 updates, 3 aggregates and 1 mask were recomputed")
        .containsPattern("Seal: [0-9a-f]{64}");

    aRoundIsExplained(directory, figures.get("run").textValue());
    aModelOfTheLogPredicts(directory, data, figures.get("rounds"));
    anExportedModelPredictsAsThatOfTheLog(directory, data);

    writeAnUnreadableSubmission(directory, figures.get("run").textValue());
    CommandRun undisturbed = CommandRun.of("audit", "verify", "--dir", directory.toString());
    assertThat(undisturbed.err()).isEmpty();
    assertThat(withoutTime(undisturbed)).isEqualTo(withoutTime(audit));

    long offset = forgeAnAggregate(directory);
    CommandRun forged = CommandRun.of("audit", "verify", "--dir", directory.toString());
    assertThat(forged.exitCode()).isEqualTo(Coppice.FAILED);
    assertThat(forged.err().strip())
        .isEqualTo(
            "Run %s does not hold: aggregates-0@%d: it is behind the last aggregate of the run.",
            figures.get("run").textValue(), offset);
    CommandRun json = CommandRun.of("audit", "verify", "--dir", directory.toString(), "--json");
    assertThat(json.exitCode()).isEqualTo(Coppice.FAILED);
    assertThat(JSON.readTree(json.out()).at("/violation/offset").longValue()).isEqualTo(offset);
    assertThat(JSON.readTree(json.out()).at("/verdicts")).hasSize(2);
  }

  private static List<String> withoutTime(CommandRun run) {
    return run.out().lines().filter(line -> !line.endsWith(" a second.")).toList();
  }

  private static void itsLogCanBeTailed(Path directory) throws IOException {
    CommandRun json = tail(directory, "rounds", "--json");
    List<String> events = new ArrayList<>();
    for (String line : json.out().lines().toList()) {
      events.add(JSON.readTree(line).get("value").get("event").textValue());
    }
    assertThat(events)
        .containsExactly(
            "RunAccepted",
            "AgentAccepted",
            "AgentAccepted",
            "RoundOpened",
            "RoundClosed",
            "RoundOpened",
            "RoundClosed",
            "RunFinished");

    List<String> lines = tail(directory).out().lines().toList();
    assertThat(lines.stream().map(line -> line.split(" ")[0]).toList()).isSorted();
    assertThat(lines).noneMatch(line -> line.contains("  internal."));
    assertThat(lines.getFirst())
        .containsPattern("  runs-\\d+@0  ")
        .contains("  TrainingRun  ", "lenet5 on 1x28x28");
    assertThat(lines)
        .anyMatch(line -> line.contains("RoundClosed") && line.contains("agent-0 5, agent-1 5;"))
        .anyMatch(line -> line.contains("MaskPublished") && line.contains("removed"));

    assertThat(tail(directory, "--round", "1", "--agent", "agent-1").out().lines())
        .anyMatch(line -> line.contains("  round 1, agent-1"))
        .anyMatch(line -> line.contains("RoundClosed"))
        .allMatch(line -> line.matches(".* round 1, .*|.* Agent(Joined|Accepted) .*"))
        .noneMatch(line -> line.contains(" round 1, agent-0"));

    assertThat(tail(directory, "masks", "rounds", "--limit", "3").out().lines()).hasSize(3);
    assertThat(tail(directory, "--run", "other").out()).isEmpty();
    assertThat(tail(directory, "internal.closes").out()).contains("RoundClosed");
  }

  private static CommandRun tail(Path directory, String... arguments) {
    List<String> call = new ArrayList<>(List.of("tail", "--dir", directory.toString()));
    call.addAll(List.of(arguments));
    CommandRun run = CommandRun.of(call.toArray(String[]::new));
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    return run;
  }

  private void aRoundIsExplained(Path directory, String run) throws IOException {
    Path picture = temporary.resolve("masks.png");
    CommandRun last =
        CommandRun.of(
            "audit", "explain", "--dir", directory.toString(), "--png", picture.toString());
    assertThat(last.err()).isEmpty();
    assertThat(last.exitCode()).isZero();
    assertThat(last.out())
        .startsWith("Round 1 of run " + run)
        .contains("computed again it is the same, bit for bit");
    assertThat(ImageIO.read(picture.toFile()).getWidth()).isGreaterThan(1000);

    CommandRun json =
        CommandRun.of(
            "audit", "explain", run, "--dir", directory.toString(), "--round=1", "--json");
    assertThat(json.exitCode()).isZero();
    assertThat(JSON.readTree(json.out()).at("/decision/version").intValue()).isEqualTo(1);

    CommandRun unknown =
        CommandRun.of("audit", "explain", "--dir", directory.toString(), "--round", "2");
    assertThat(unknown.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(unknown.err().strip())
        .isEqualTo("Run %s has closed rounds 0 to 1, so there is no round 2 to explain.", run);
  }

  private void aModelOfTheLogPredicts(Path directory, Path data, JsonNode rounds)
      throws IOException {
    Path report = temporary.resolve("predict.json");
    Path predictions = temporary.resolve("predictions.csv");
    List<String> predict = new ArrayList<>(List.of("predict", "--dir", directory.toString()));
    predict.addAll(List.of("--data", data.toString()));
    List<String> all = new ArrayList<>(predict);
    all.addAll(List.of("--batch", "7,1", "--report", report.toString()));
    all.addAll(List.of("--predictions"));

    CommandRun newest = CommandRun.of(with(all, predictions.toString()));
    assertThat(newest.err()).isEmpty();
    assertThat(newest.exitCode()).isZero();
    assertThat(newest.out())
        .contains("after round 1 of 1: lenet5, mask 1, density 0.")
        .contains("Dense and pruned predict the same class for all 20 images; their logits differ");
    assertThat(newest.out().lines().filter(line -> line.matches(" +[71]  (dense|pruned) .*")))
        .hasSize(4);
    JsonNode figures = JSON.readTree(report.toFile());
    assertThat(figures.get("round").intValue()).isEqualTo(1);
    assertThat(figures.get("density").doubleValue()).isLessThan(0.95);
    assertThat(figures.get("pruned").get("parameters").intValue())
        .isLessThan(figures.get("dense").get("parameters").intValue());
    assertThat(figures.get("batches").findValuesAsText("batch")).containsExactly("7", "1");
    for (JsonNode side : figures.get("batches").findValues("pruned")) {
      assertThat(side.get("wallClockMillis").get("p50").doubleValue()).isPositive();
      assertThat(side.get("accuracy").doubleValue()).isEqualTo(accuracy(predictions));
    }

    // The first round was trained and evaluated under the full mask.
    CommandRun first =
        CommandRun.of(with(List.copyOf(all.subList(0, all.size() - 1)), "--round=0"));
    assertThat(first.exitCode()).isZero();
    figures = JSON.readTree(report.toFile());
    assertThat(figures.get("maskVersion").intValue()).isZero();
    assertThat(figures.get("density").doubleValue()).isEqualTo(1);
    for (JsonNode side : figures.get("batches").findValues("dense")) {
      assertThat(side.get("accuracy")).isEqualTo(rounds.get(0).get("accuracy"));
    }

    String run = figures.get("run").textValue();
    assertRefused(
        with(predict, "--round=2"),
        "--round is -1 (the initial model) to 1 in run " + run + ", not 2.");
    assertRefused(with(predict, "--run=other"), "The log holds no run other.");
    assertRefused(
        with(predict, "--batch=21"), "--batch is at most the number of images, 20, not 21.");
  }

  private static void assertRefused(String[] call, String sentence) {
    CommandRun run = CommandRun.of(call);
    assertThat(run.err().strip()).isEqualTo(sentence);
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(run.out()).isEmpty();
  }

  /** By the files alone. */
  private void anExportedModelPredictsAsThatOfTheLog(Path directory, Path data) throws Exception {
    Path predictions = temporary.resolve("predictions.csv");
    List<String> predict = new ArrayList<>(List.of("predict", "--data", data.toString()));
    predict.addAll(List.of("--batch", "20", "--predictions", predictions.toString()));
    CommandRun logged = CommandRun.of(with(predict, "--dir=" + directory));
    List<String> expected = Files.readAllLines(predictions);
    Files.delete(predictions);

    Path sparse = temporary.resolve("model.cps");
    CommandRun run = export(directory, sparse);
    assertThat(run.out().lines())
        .hasSize(2)
        .first()
        .isEqualTo(logged.out().lines().findFirst().get());
    assertThat(run.out())
        .containsPattern(sparse + ": [0-9.]+ kB, the dense parameters as float32 247 kB: ratio 0.");
    CommandRun alone = CommandRun.of(with(predict, "--model=" + sparse));
    assertThat(alone.err()).isEmpty();
    assertThat(alone.out().lines()).first().isEqualTo(logged.out().lines().findFirst().get());
    assertThat(Files.readAllLines(predictions)).isEqualTo(expected);

    Path onnx = temporary.resolve("model.ONNX");
    assertThat(export(directory, onnx).out()).contains("ratio 1.0");
    Dataset test = Datasets.open(data, Split.TEST);
    float[] images = new float[test.size() * test.imageSize()];
    for (int i = 0; i < test.size(); i++) {
      test.copyImage(i, images, i * test.imageSize());
    }
    OrtEnvironment runtime = OrtEnvironment.getEnvironment();
    long[] shape = {test.size(), 1, 28, 28};
    try (OrtSession session = runtime.createSession(onnx.toString());
        OnnxTensor tensor = OnnxTensor.createTensor(runtime, FloatBuffer.wrap(images), shape);
        OrtSession.Result result = session.run(Map.of("images", tensor))) {
      float[][] logits = (float[][]) result.get("logits").orElseThrow().getValue();
      for (int i = 0; i < test.size(); i++) {
        int predicted = Integer.parseInt(expected.get(i + 1).split(",", -1)[2]);
        for (float logit : logits[i]) {
          assertThat(logit).isLessThanOrEqualTo(logits[i][predicted] + 1e-5f);
        }
      }
    }

    Path first = temporary.resolve("first");
    run = export(directory, first, "--round", "0", "--format", "sparse");
    assertThat(run.out()).contains("after round 0 of 1: lenet5, mask 0, density 1.0000");
    assertThat(SparseFile.read(first).mask().density()).isEqualTo(1);
    run = export(directory, first, "--round", "2", "--format", "sparse");
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(run.err())
        .matches("--round is -1 .the initial model. to 1 in run demo-.*, not 2.\\R");
    run = export(directory, sparse, "another");
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(run.err().strip()).isEqualTo("The log holds no run another.");
    assertThat(Path.of(first + ".part")).doesNotExist();
  }

  private static CommandRun export(Path directory, Path out, String... more) {
    List<String> export = new ArrayList<>(List.of("model", "export"));
    export.addAll(List.of("--dir", directory.toString(), "--out", out.toString()));
    export.addAll(List.of(more));
    return CommandRun.of(export.toArray(String[]::new));
  }

  /** Fraction of the images of a file of predictions whose predicted class is their label. */
  private static double accuracy(Path predictions) throws IOException {
    List<String> lines = Files.readAllLines(predictions);
    assertThat(lines.getFirst()).isEqualTo("image,label,predicted,probability");
    int correct = 0;
    for (int i = 1; i < lines.size(); i++) {
      String[] fields = lines.get(i).split(",");
      assertThat(fields[0]).isEqualTo(String.valueOf(i - 1));
      assertThat(Double.parseDouble(fields[3])).isBetween(0.1, 1.0);
      correct += fields[1].equals(fields[2]) ? 1 : 0;
    }
    return (double) correct / (lines.size() - 1);
  }

  private static void writeAnUnreadableSubmission(Path directory, String run) throws Exception {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(directory, 0);
        var producer =
            new KafkaProducer<>(
                cluster.config().kafka(), new StringSerializer(), new ByteArraySerializer())) {
      String topic = cluster.config().name(Topic.SUBMISSIONS);
      int partition = LogKeys.runPartition(run, producer.partitionsFor(topic).size());
      producer.send(new ProducerRecord<>(topic, partition, run, new byte[] {1, 2, 3})).get();
    }
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
