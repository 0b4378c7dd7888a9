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
        "prune ",
        "plot ",
        "serve ",
        "tail ",
        "audit ",
        "audit verify ",
        "bench ",
        "bench train "
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
        .contains("demo", "predict", "prune", "plot", "serve", "tail", "audit", "bench");
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
    assertThat(audit.out()).contains("2 rounds, 4 updates, 3 aggregates and 1 masks");

    aModelOfTheLogPredicts(directory, data, figures.get("rounds"));

    writeAnUnreadableSubmission(directory, figures.get("run").textValue());
    CommandRun undisturbed = CommandRun.of("audit", "verify", "--dir", directory.toString());
    assertThat(undisturbed.err()).isEmpty();
    assertThat(undisturbed.out()).isEqualTo(audit.out());

    long offset = forgeAnAggregate(directory);
    CommandRun forged = CommandRun.of("audit", "verify", "--dir", directory.toString());
    assertThat(forged.exitCode()).isEqualTo(Coppice.FAILED);
    assertThat(forged.err().strip())
        .isEqualTo("aggregates-0@%d: this aggregate is there a second time.", offset);
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
