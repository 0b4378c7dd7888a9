package io.coppice.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.embedded.EmbeddedCluster;
import io.coppice.replay.Runs;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Loss;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TopicCatalogue;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedRecords;
import io.coppice.schemas.keys.KeyFile;
import io.coppice.schemas.keys.PublicKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent as an operator has it: a process with an environment, two URLs, signals and an exit code. */
class ApplicationTest {

  private static final String MNIST = Path.of("..", "data", "mnist").toString();

  private static EmbeddedCluster cluster;

  @TempDir private Path directory;

  @BeforeAll
  static void startCluster() {
    cluster = EmbeddedCluster.startTemporary(new Sizing(2, 1, Optional.empty()));
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
  }

  private ServiceProcess start(Map<String, String> more) throws Exception {
    Map<String, String> settings = new HashMap<>();
    settings.put("COPPICE_CLUSTER_BOOTSTRAP_SERVERS", cluster.config().bootstrapServers());
    settings.put("COPPICE_CLUSTER_REGISTRY_URL", cluster.config().registryUrl());
    settings.put("COPPICE_AGENT_DATA", MNIST);
    settings.putAll(more);
    return ServiceProcess.start(Application.class, directory, settings);
  }

  @Test
  void itIsHealthyShowsItsFiguresAndEndsWhenItIsTold() throws Exception {
    try (ServiceProcess agent = start(Map.of("COPPICE_AGENT_ID", "agent-7"))) {
      agent.await("/health", health -> health.contains("\"runs\":{}"));
      assertThat(agent.await("/prometheus", figures -> figures.contains("coppice_")))
          .contains("coppice_agent_runs{agent=\"agent-7\"} 0.0");
      assertThat(agent.terminate()).isIn(0, 143);
      assertThat(agent.output()).doesNotContain("Exception", "ERROR");
    }
  }

  @Test
  void whereItIsNotTakenItSaysSoAndStaysDown() throws Exception {
    String prefix = "refusing.";
    ClusterConfig refusing =
        new ClusterConfig(
            cluster.config().bootstrapServers(),
            cluster.config().registryUrl(),
            prefix,
            Map.of(),
            Map.of());
    try (Admin admin = Admin.create(refusing.kafka())) {
      new TopicCatalogue(prefix).ensure(admin, cluster.sizing());
    }
    TrustedRecords.register();
    Runs.define(refusing, new LogSerdes(refusing.newRegistry()), runThatRequiresSignatures());
    Map<String, String> settings =
        Map.of("COPPICE_CLUSTER_TOPIC_PREFIX", prefix, "COPPICE_AGENT_SIGNED", "false");
    try (ServiceProcess agent = start(settings)) {
      assertThat(agent.await("/health", health -> health.contains("REFUSED")))
          .contains("\"status\":\"DOWN\"", "\"strict\":\"REFUSED\"")
          .contains("Run strict takes signed updates only, and agent agent-0 does not sign");
      assertThat(agent.output()).doesNotContain("\tat ");
    }
  }

  private static TrainingRun runThatRequiresSignatures() {
    return TrainingRun.newBuilder()
        .setRunId("strict")
        .setCreatedAt(Instant.EPOCH)
        .setSeed(1)
        .setArchitecture(new Architecture("mlp", List.of(1, 28, 28), 10))
        .setLoss(Loss.SOFTMAX_CROSS_ENTROPY)
        .setTraining(new LocalTraining(1, 5, 0.1, 1.0))
        .setRounds(1)
        .setParticipation(new Participation(1, 1, 1000L, null))
        .setPruning(
            PruningPolicy.newBuilder()
                .setPolicy("none")
                .setReconfigureEvery(1)
                .setMaxDecrease(0)
                .setHalfLife(1)
                .setRegrow(Regrow.ZERO)
                .build())
        .setEvaluation(new Evaluation(1, EvaluationMode.CENTRAL))
        .setCost(new CostCoefficients("none", 1.0, 1.0, List.of(1.0, 1.0, 1.0), null))
        .setEncoding(
            new Encodings(TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32))
        .build();
  }

  @Test
  void itMakesItsKeyWhereNoneIsAndSaysWhichOne() throws Exception {
    Path file = directory.resolve("agent-7.pem");
    try (ServiceProcess agent = start(Map.of("COPPICE_AGENT_KEY_FILE", file.toString()))) {
      agent.await("/health", health -> health.contains("\"runs\":{}"));
      assertThat(agent.output())
          .contains(PublicKeys.fingerprint(KeyFile.pem(file).read().getPublic()));
    }
  }

  @Test
  void aKeyFileThatIsNoneIsNamed() throws Exception {
    Path file = Files.writeString(directory.resolve("key.pem"), "no key");
    refuses(
        Map.of("COPPICE_AGENT_KEY_FILE", file.toString()),
        "coppice.agent.key-file: "
            + file
            + " holds no key: a key file is PEM (-----BEGIN PRIVATE KEY-----) or PKCS#12.");
  }

  @Test
  void aBadIdIsNamed() throws Exception {
    refuses(
        Map.of("COPPICE_AGENT_ID", "Agent 7"),
        "coppice.agent.id must be 1 to 64 of a-z, 0-9 and '-'.");
  }

  @Test
  void severalRunsAreWaitedForAtOnce() throws Exception {
    try (ServiceProcess agent = start(Map.of("COPPICE_AGENT_RUN", "one, two,one"))) {
      agent.await(
          "/health",
          health ->
              health.contains(
                  "\"runs\":{\"one\":\"WAITING_FOR_RUN\",\"two\":\"WAITING_FOR_RUN\"}"));
    }
  }

  @Test
  void aBadRunIsNamed() throws Exception {
    refuses(
        Map.of("COPPICE_AGENT_RUN", "one,Two"),
        "coppice.agent.run must be 1 to 64 of a-z, 0-9 and '-', or several of these separated by"
            + " commas.");
  }

  @Test
  void aLinkWithoutSpeedIsNamed() throws Exception {
    refuses(
        Map.of("COPPICE_AGENT_LINK_BYTES_PER_SECOND", "0"),
        "coppice.agent.link-bytes-per-second must be greater than 0.");
  }

  @Test
  void missingDataAreNamed() throws Exception {
    refuses(
        Map.of("COPPICE_AGENT_DATA", "/no/such/directory"),
        "coppice.agent.data: There is no directory /no/such/directory.");
  }

  private void refuses(Map<String, String> settings, String sentence) throws Exception {
    try (ServiceProcess agent = start(settings)) {
      assertThat(agent.awaitExit()).isEqualTo(1);
      assertThat(agent.output().lines()).last().isEqualTo(sentence);
      assertThat(agent.output()).doesNotContain("\tat ");
    }
  }
}
