package io.coppice.aggregator;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Counter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The aggregator's HTTP port. */
class OperationsTest {

  private static final String HOST = "127.0.0.1";

  private final HttpClient client = HttpClient.newHttpClient();
  private int port;
  private Operations operations;

  @BeforeEach
  void open() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
      port = probe.getLocalPort();
    }
    operations = Operations.open(HOST, port);
  }

  @AfterEach
  void close() {
    operations.close();
  }

  private HttpResponse<String> get(String path) throws Exception {
    return client.send(request(path).build(), BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://" + HOST + ":" + port + path));
  }

  @Test
  void anInstanceThatStartsIsAliveButNotReady() throws Exception {
    assertThat(get("/health").statusCode()).isEqualTo(503);
    assertThat(get("/health/readiness").statusCode()).isEqualTo(503);
    assertThat(get("/health/liveness").statusCode()).isEqualTo(200);
    assertThat(get("/health").body()).contains("\"state\":\"STARTING\"");
  }

  @Test
  void anInstanceThatWorksIsUp() throws Exception {
    operations.show(() -> new Health(true, true, "RUNNING", List.of()));
    HttpResponse<String> health = get("/health");
    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(health.headers().firstValue("Content-Type")).contains("application/json");
    assertThat(health.body())
        .isEqualTo(
            "{\"name\":\"coppice-aggregator\",\"status\":\"UP\",\"details\":{\"aggregator\":"
                + "{\"name\":\"coppice-aggregator\",\"status\":\"UP\",\"details\":"
                + "{\"state\":\"RUNNING\",\"faults\":[]}}}}");
  }

  @Test
  void aFaultIsToldInASentence() throws Exception {
    operations.show(() -> new Health(true, false, "RUNNING", List.of("Agent \"a\" is\nmissing.")));
    HttpResponse<String> health = get("/health");
    assertThat(health.statusCode()).isEqualTo(503);
    assertThat(health.body())
        .contains("\"status\":\"DOWN\"", "\"faults\":[\"Agent \\\"a\\\" is\\nmissing.\"]");
    assertThat(get("/health/liveness").statusCode()).as("a restart would not help").isEqualTo(200);
  }

  @Test
  void figuresAreThere() throws Exception {
    Counter.builder("coppice.test").tag("run", "a").register(operations.figures()).increment();
    HttpResponse<String> figures = get("/prometheus");
    assertThat(figures.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/plain; version=0.0.4");
    assertThat(figures.body())
        .contains(
            "coppice_test_total{run=\"a\"} 1.0\n", "jvm_memory_used_bytes{", "process_uptime");
  }

  @Test
  void otherPathsAndMethodsAreRefused() throws Exception {
    assertThat(get("/").statusCode()).isEqualTo(404);
    assertThat(get("/health/else").statusCode()).isEqualTo(404);
    assertThat(
            client
                .send(
                    request("/health").POST(BodyPublishers.ofString("x")).build(),
                    BodyHandlers.ofString())
                .statusCode())
        .isEqualTo(405);
    assertThat(
            client
                .send(request("/prometheus").HEAD().build(), BodyHandlers.ofString())
                .statusCode())
        .isEqualTo(200);
  }

  @Test
  void aPortThatIsTakenIsOneSentence() {
    assertThat(errorOf("--http-host", HOST, "--http-port", String.valueOf(port)))
        .isEqualTo(
            "Port "
                + port
                + " of 127.0.0.1 cannot be opened for /health and /prometheus (--http-port):"
                + " Address already in use.");
    assertThat(errorOf("--http-port", "70000"))
        .isEqualTo("A port is 1 to 65535, or 0 for none, not 70000 (--http-port).");
  }

  private static String errorOf(String... options) {
    StringWriter errors = new StringWriter();
    CommandLine command = Main.commandLine().setErr(new PrintWriter(errors, true));
    assertThat(command.execute(options)).isEqualTo(1);
    return errors.toString().strip();
  }
}
