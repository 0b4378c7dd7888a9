package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.embedded.EmbeddedCluster;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The aggregator's HTTP port as an operator finds it: that of a process. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class AggregatorPortTest {

  @TempDir private Path directory;
  private final HttpClient http = HttpClient.newHttpClient();

  @Test
  void aProcessBecomesReadyAndShowsItsPartitionsItsClientsAndItsMachine() throws Exception {
    int port;
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = probe.getLocalPort();
    }
    try (EmbeddedCluster cluster =
            EmbeddedCluster.startTemporary(new Sizing(3, 1, Optional.empty()));
        AggregatorProcess aggregator = AggregatorProcess.start(cluster.config(), directory, port)) {
      HttpResponse<String> health = await(port, "/health", found -> found.statusCode() == 200);
      assertThat(health.body()).contains("\"status\":\"UP\"", "\"state\":\"RUNNING\"");
      HttpResponse<String> figures =
          await(
              port,
              "/prometheus",
              found -> found.body().contains("coppice_shard_rounds_open{partition=\"2\"} 0.0"));
      assertThat(figures.body())
          .contains(
              "coppice_aggregator_running 1.0",
              "coppice_aggregator_shard_partitions 3.0",
              "coppice_aggregator_faults 0.0",
              "jvm_gc_max_data_size_bytes",
              "process_cpu_usage",
              "kafka_");
      aggregator.kill();
    }
  }

  private HttpResponse<String> await(int port, String path, Predicate<HttpResponse<String>> found)
      throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build();
    while (true) {
      try {
        HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
        if (found.test(answer)) {
          return answer;
        }
      } catch (IOException e) {
        // Not up yet; the test's own time-out ends this.
      }
      Thread.sleep(100);
    }
  }
}
