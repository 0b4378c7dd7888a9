package io.coppice.agent;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The service in a process of its own, configured by its environment as in production. */
final class ServiceProcess implements AutoCloseable {

  private static final int PATIENCE_SECONDS = 180;

  private final Process process;
  private final int port;
  private final Path output;
  private final HttpClient http = HttpClient.newHttpClient();

  private ServiceProcess(Process process, int port, Path output) {
    this.process = process;
    this.port = port;
    this.output = output;
  }

  static ServiceProcess start(Class<?> application, Path directory, Map<String, String> settings)
      throws IOException {
    int port;
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = probe.getLocalPort();
    }
    Path output = Files.createTempFile(directory, "output", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-Xmx512m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    application.getName()))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("COPPICE_HTTP_PORT", String.valueOf(port));
    environment.put("OMP_NUM_THREADS", "1");
    builder.environment().putAll(environment);
    return new ServiceProcess(builder.start(), port, output);
  }

  /** What the service answers to a GET, as soon as it is what is looked for. */
  String await(String path, Predicate<String> found) throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    String last = "";
    while (System.nanoTime() < end && process.isAlive()) {
      try {
        last =
            http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
                    HttpResponse.BodyHandlers.ofString())
                .body();
        if (found.test(last)) {
          return last;
        }
      } catch (IOException e) {
        last = e.toString(); // not up yet
      }
      Thread.sleep(200);
    }
    throw new AssertionError(path + " last gave " + last + "; the service said " + output());
  }

  /** Asks the service to end (SIGTERM) and returns its exit code. */
  int terminate() throws InterruptedException {
    process.destroy();
    return awaitExit();
  }

  /** Waits for the end of a service that ends by itself. */
  int awaitExit() throws InterruptedException {
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("The service has not ended.");
    }
    return process.exitValue();
  }

  /** Everything that the service has printed. */
  String output() throws IOException {
    return Files.readString(output);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
