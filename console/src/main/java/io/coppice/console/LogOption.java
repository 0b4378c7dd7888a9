package io.coppice.console;

import io.coppice.embedded.EmbeddedCluster;
import io.coppice.embedded.EmbeddedClusterException;
import io.coppice.schemas.ClusterConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Which log a command reads: that of a demo's directory, or that of a running cluster. */
final class LogOption {

  private static final int ANSWER_TIMEOUT_MILLIS = 10_000;

  /** An open log. */
  record OpenLog(ClusterConfig cluster, AutoCloseable owned) implements AutoCloseable {
    @Override
    public void close() throws Exception {
      owned.close();
    }
  }

  /** The directory of a demo. */
  static final class Directory {
    @Option(
        names = "--dir",
        paramLabel = "DIR",
        required = true,
        description = "The directory of a demo; its broker runs for as long as the command does.")
    private Path dir;

    /**
     * Starts the directory's broker and registry.
     *
     * @param port of the broker; 0 for a free one
     * @throws UserError if the directory holds no log, or another process uses it
     */
    OpenLog open(int port) {
      if (!Files.isDirectory(dir.resolve("broker"))) {
        throw UserError.badInput("--dir " + dir + " holds no log of a demo.");
      }
      try {
        EmbeddedCluster embedded = EmbeddedCluster.start(dir, port);
        return new OpenLog(embedded.config(), embedded);
      } catch (EmbeddedClusterException e) {
        throw UserError.failed(e.getMessage(), e);
      }
    }
  }

  /** A running cluster. */
  static final class Cluster {
    @Option(
        names = "--bootstrap",
        paramLabel = "HOST:PORT",
        required = true,
        description = "Kafka brokers of a running cluster.")
    private String bootstrap;

    @Option(
        names = "--registry",
        paramLabel = "URL",
        required = true,
        description = "Its schema registry.")
    private String registry;

    OpenLog open() {
      ClusterConfig config = new ClusterConfig(bootstrap, registry);
      Map<String, Object> settings = config.kafka();
      settings.put("default.api.timeout.ms", ANSWER_TIMEOUT_MILLIS);
      settings.put("request.timeout.ms", ANSWER_TIMEOUT_MILLIS);
      try (Admin admin = Admin.create(settings)) {
        var unused = admin.describeCluster().nodes().get();
        return new OpenLog(config, () -> {});
      } catch (ExecutionException | KafkaException e) {
        throw UserError.failed("No Kafka broker answers at " + bootstrap + " (--bootstrap).", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw UserError.failed("Interrupted while waiting for the brokers.", e);
      }
    }
  }

  /** One or the other. */
  static final class Either {
    @ArgGroup(exclusive = false)
    private Directory directory;

    @ArgGroup(exclusive = false)
    private Cluster cluster;

    OpenLog open() {
      return directory != null ? directory.open(0) : cluster.open();
    }
  }

  private LogOption() {}
}
