package io.coppice.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.embedded.EmbeddedCluster;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
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
      agent.await("/health", health -> health.contains("WAITING_FOR_RUN"));
      assertThat(agent.await("/prometheus", figures -> figures.contains("coppice_")))
          .contains("coppice_agent_round_submitted{agent=\"agent-7\"} -1.0");
      assertThat(agent.terminate()).isIn(0, 143);
      assertThat(agent.output()).doesNotContain("Exception", "ERROR");
    }
  }

  @Test
  void aBadIdIsNamed() throws Exception {
    refuses(
        Map.of("COPPICE_AGENT_ID", "Agent 7"),
        "coppice.agent.id must be 1 to 64 of a-z, 0-9 and '-'.");
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
