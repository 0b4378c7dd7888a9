package io.coppice.console.bench.aggregation;

import io.coppice.aggregator.Main;
import io.coppice.console.UserError;
import io.coppice.schemas.ClusterConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** An aggregator as it runs on a cluster: a process of its own, with a heap of its own, whose use of the processors can be seen. */
final class AggregatorInstance implements AutoCloseable {

  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(40);

  /** Heap before and after a collection, in MiB, as the collectors log it with {@code -Xlog:gc}. */
  private static final Pattern COLLECTION = Pattern.compile("Pause.* (\\d+)M->(\\d+)M\\(\\d+M\\)");

  private final Process process;
  private final Path output;
  private final Path collections;

  private AggregatorInstance(Process process, Path output, Path collections) {
    this.process = process;
    this.output = output;
    this.collections = collections;
  }

  /**
   * Starts an instance.
   *
   * @param cluster whose topics exist
   * @param applicationId that the instances share
   * @param directory its own, for its state and its output
   */
  static AggregatorInstance start(
      ClusterConfig cluster,
      String applicationId,
      BenchCase bench,
      int heapMegabytes,
      Path directory) {
    try {
      Files.createDirectories(directory);
      Path output = directory.resolve("output.log");
      Path collections = directory.resolve("gc.log");
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(
          List.of(
              "-Xmx" + heapMegabytes + "m",
              "-Xlog:gc:file=" + collections + "::filecount=0",
              "--enable-native-access=ALL-UNNAMED",
              "--sun-misc-unsafe-memory-access=allow",
              "-cp",
              System.getProperty("java.class.path"),
              Main.class.getName(),
              "--bootstrap",
              cluster.bootstrapServers(),
              "--registry",
              cluster.registryUrl(),
              "--topic-prefix",
              cluster.topicPrefix(),
              "--application-id",
              applicationId,
              "--state-dir",
              directory.resolve("state").toString(),
              "--threads",
              String.valueOf(bench.threads()),
              "--tick-interval",
              "10000",
              "--http-port",
              "0"));
      cluster.clientProperties().forEach((k, v) -> property(command, "--kafka-property", k, v));
      cluster
          .registryProperties()
          .forEach((k, v) -> property(command, "--registry-property", k, v));
      property(command, "--kafka-property", "processing.guarantee", bench.guarantee().setting());
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      process.getOutputStream().close();
      return new AggregatorInstance(process, output, collections);
    } catch (IOException e) {
      throw UserError.failed("An aggregator cannot be started: " + e.getMessage(), e);
    }
  }

  private static void property(List<String> command, String option, String key, String value) {
    command.add(option);
    command.add(key + "=" + value);
  }

  /**
   * @throws UserError if the process has ended
   */
  void checkAlive() {
    if (!process.isAlive()) {
      throw UserError.failed(
          "An aggregator instance has ended with exit code "
              + process.exitValue()
              + ": "
              + lastLine(),
          null);
    }
  }

  private String lastLine() {
    try (Stream<String> lines = Files.lines(output)) {
      return lines
          .filter(line -> !line.isBlank())
          .reduce((first, second) -> second)
          .orElse("it has said nothing.");
    } catch (IOException e) {
      return "its output cannot be read.";
    }
  }

  /** Processor seconds that it has used since it was started; 0 where the system does not tell. */
  double cpuSeconds() {
    return process.info().totalCpuDuration().map(Duration::toNanos).orElse(0L) / 1e9;
  }

  /** The most that its heap has held just after a collection: what it needs; 0 if there was none. */
  int heapMegabytes() {
    try (Stream<String> lines = Files.lines(collections)) {
      return lines
          .map(COLLECTION::matcher)
          .filter(Matcher::find)
          .mapToInt(found -> Integer.parseInt(found.group(2)))
          .max()
          .orElse(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends it as an operator would. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
