package io.coppice.pruning;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.embedded.EmbeddedCluster;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service as an operator has it: a process with an environment, two URLs, signals and an exit code. */
class ApplicationTest {

  @TempDir private Path directory;

  @Test
  void itIsHealthyShowsItsFiguresAndEndsWhenItIsTold() throws Exception {
    try (EmbeddedCluster cluster =
            EmbeddedCluster.startTemporary(new Sizing(2, 1, Optional.empty()));
        ServiceProcess service =
            ServiceProcess.start(
                Application.class,
                directory,
                Map.of(
                    "COPPICE_CLUSTER_BOOTSTRAP_SERVERS", cluster.config().bootstrapServers(),
                    "COPPICE_CLUSTER_REGISTRY_URL", cluster.config().registryUrl()))) {
      service.await("/health", health -> health.contains("\"status\":\"UP\",\"details\""));
      assertThat(service.await("/prometheus", figures -> figures.contains("coppice_")))
          .contains("coppice_runs_active 0.0");
      assertThat(service.terminate()).isIn(0, 143);
      assertThat(service.output()).doesNotContain("Exception", "ERROR");
    }
  }

  @Test
  void withoutABrokerItSaysSoInOneSentence() throws Exception {
    refuses(
        Map.of(
            "COPPICE_CLUSTER_BOOTSTRAP_SERVERS", "127.0.0.1:1",
            "COPPICE_CLUSTER_START_TIMEOUT_SECONDS", "3"),
        "No Kafka broker answers at 127.0.0.1:1 (coppice.cluster.bootstrap-servers):");
  }

  @Test
  void anImpossibleSettingIsNamed() throws Exception {
    refuses(
        Map.of("COPPICE_CLUSTER_TOPIC_PREFIX", "with space"),
        "coppice.cluster.topic-prefix must match \"[a-zA-Z0-9._-]{0,64}\".");
  }

  private void refuses(Map<String, String> settings, String sentence) throws Exception {
    try (ServiceProcess service = ServiceProcess.start(Application.class, directory, settings)) {
      assertThat(service.awaitExit()).isEqualTo(1);
      assertThat(service.output().lines()).last().asString().startsWith(sentence);
      assertThat(service.output()).doesNotContain("\tat ");
    }
  }
}
