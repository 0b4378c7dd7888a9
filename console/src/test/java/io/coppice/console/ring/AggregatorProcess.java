package io.coppice.console.ring;

import io.coppice.aggregator.Main;
import io.coppice.schemas.ClusterConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** An aggregator in a process of its own, which can be killed. */
final class AggregatorProcess implements AutoCloseable {

  /** How soon the others notice that it is gone, and how soon the broker gives up what it left half-written. */
  private static final List<String> MOURNING =
      List.of(
          "session.timeout.ms=4000", "heartbeat.interval.ms=1000", "transaction.timeout.ms=4000");

  private final Process process;

  private AggregatorProcess(Process process) {
    this.process = process;
  }

  /**
   * @param directory where its state goes
   */
  static AggregatorProcess start(ClusterConfig cluster, Path directory) throws IOException {
    return start(cluster, directory, 0);
  }

  /**
   * @param directory where its state goes
   * @param httpPort of health and figures; 0: none
   */
  static AggregatorProcess start(ClusterConfig cluster, Path directory, int httpPort)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx512m",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "--bootstrap",
            cluster.bootstrapServers(),
            "--registry",
            cluster.registryUrl(),
            "--state-dir",
            directory.resolve("state-of-process").toString(),
            "--commit-interval",
            "30",
            "--tick-interval",
            "200",
            "--http-port",
            String.valueOf(httpPort));
    MOURNING.forEach(property -> builder.command().addAll(List.of("--kafka-property", property)));
    return new AggregatorProcess(
        builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start());
  }

  /** Ends it without warning, if it has not ended. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
