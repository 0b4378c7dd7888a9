package io.coppice.console.bench.aggregation;

import io.coppice.aggregator.Main;
import io.coppice.console.UserError;
import io.coppice.schemas.ClusterConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An aggregator as it runs on a cluster: a process of its own, with a heap of its own, whose use of the processors can be seen. */
final class AggregatorInstance implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AggregatorInstance.class);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(40);

  /** Heap before and after a full collection, in MiB, as the collectors log it with {@code -Xlog:gc}. */
  private static final Pattern COLLECTION =
      Pattern.compile("Pause Full.* (\\d+)M->(\\d+)M\\(\\d+M\\)");

  private static final Duration COLLECTION_TIMEOUT = Duration.ofSeconds(30);

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
      AggregateSettings settings,
      Path directory) {
    try {
      Files.createDirectories(directory);
      Path output = directory.resolve("output.log");
      Path collections = directory.resolve("gc.log");
      List<String> command = new ArrayList<>(settings.launcher());
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(
          List.of(
              "-Xmx" + settings.heapMegabytes() + "m",
              "-XX:+UseParallelGC", // as in the image
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
      command.addAll(
          List.of(
              "--command-config",
              clientProperties(cluster, directory).toString(),
              "--kafka-property",
              "processing.guarantee=" + bench.guarantee().setting()));
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

  /** A file, because everybody sees the command of a process, and there may be passwords in them; the directory is its owner's. */
  private static Path clientProperties(ClusterConfig cluster, Path directory) throws IOException {
    Properties properties = new Properties();
    properties.putAll(cluster.clientProperties());
    properties.putAll(cluster.registryProperties());
    Path file = directory.resolve("client.properties");
    try (Writer writer = Files.newBufferedWriter(file)) {
      properties.store(writer, null);
    }
    return file;
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

  /** Has it collect its garbage, so that {@link #heapMegabytes} is of this moment, too; does nothing without a JDK. */
  void collect() throws InterruptedException {
    try {
      Process jcmd =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                  String.valueOf(process.pid()),
                  "GC.run")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      jcmd.waitFor(COLLECTION_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (IOException e) {
      LOG.debug("there is no jcmd: {}", e.getMessage());
    }
  }

  /** The most that its heap has held just after a full collection: what it needs; 0 if there was none. */
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

  /** Asks it to end, and does not wait. */
  void stop() {
    process.destroy();
  }

  /** Ends it as an operator would. */
  @Override
  public void close() {
    stop();
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
