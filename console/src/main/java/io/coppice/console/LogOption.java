package io.coppice.console;

import io.coppice.embedded.EmbeddedCluster;
import io.coppice.embedded.EmbeddedClusterException;
import io.coppice.schemas.ClusterConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Which log a command reads: that of a demo's directory, or that of a running cluster. */
final class LogOption {

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
  }

  /** One or the other. */
  static final class Either {
    @ArgGroup(exclusive = false)
    private Directory directory;

    @ArgGroup(exclusive = false)
    private Cluster cluster;

    OpenLog open() {
      return directory != null
          ? directory.open(0)
          : new OpenLog(new ClusterConfig(cluster.bootstrap, cluster.registry), () -> {});
    }
  }

  private LogOption() {}
}
