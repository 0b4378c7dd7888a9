package io.coppice.console;

import io.coppice.console.compare.Comparison;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.embedded.EmbeddedClusterException;
import io.coppice.schemas.ClientConfigFile;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.Topic;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Which log a command reads: that of a demo's directory, or that of a running cluster. */
final class LogOption {

  private static final int ANSWER_MILLIS = 10_000;

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
        description =
            "The directory of a demo or a comparison; its broker runs for as long as the command does.")
    private Path dir;

    /** The option that names it. */
    private final String option;

    Directory() {
      this.option = "--dir";
    }

    /** One that another option names. */
    Directory(String option, Path dir) {
      this.option = option;
      this.dir = dir;
    }

    Path path() {
      return dir;
    }

    /**
     * Starts the directory's broker and registry.
     *
     * @param port of the broker; 0 for a free one
     * @throws UserError if the directory holds no log, or another process uses it
     */
    OpenLog open(int port) {
      Path log =
          Stream.of(dir, dir.resolve(Comparison.LOG))
              .filter(directory -> Files.isDirectory(directory.resolve("broker")))
              .findFirst()
              .orElseThrow(
                  () ->
                      UserError.badInput(
                          option + " " + dir + " holds no log of a demo or a comparison."));
      try {
        EmbeddedCluster embedded = EmbeddedCluster.start(log, port);
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

    @Option(
        names = "--topic-prefix",
        paramLabel = "TEXT",
        defaultValue = ClusterConfig.DEFAULT_TOPIC_PREFIX,
        description = "What the names of its topics begin with.")
    private String topicPrefix;

    @Option(
        names = "--command-config",
        paramLabel = "FILE",
        description =
            "File of client properties for it, such as security.protocol and sasl.jaas.config; keys that begin with"
                + " schema.registry., basic.auth. or bearer.auth. are for the registry.")
    private Path commandConfig;

    String brokers() {
      return bootstrap;
    }

    /**
     * Makes sure that there is a log.
     *
     * @throws UserError if no broker answers, or it has not the topics of a log
     */
    OpenLog open() throws InterruptedException {
      ClusterConfig cluster = config();
      Map<String, Object> settings = cluster.kafka();
      settings.put("default.api.timeout.ms", ANSWER_MILLIS);
      settings.put("request.timeout.ms", ANSWER_MILLIS);
      try (Admin admin = Admin.create(settings)) {
        String topic = cluster.name(Topic.RUNS);
        if (!admin.listTopics().names().get().contains(topic)) {
          throw UserError.failed(
              "--bootstrap: There is no topic " + topic + " at " + bootstrap + ".", null);
        }
        return new OpenLog(cluster, () -> {});
      } catch (KafkaException e) {
        throw UserError.badInput("--bootstrap " + bootstrap + ": " + rootMessage(e) + ".", e);
      } catch (ExecutionException e) {
        throw UserError.failed("--bootstrap: No Kafka broker answers at " + bootstrap + ".", e);
      }
    }

    /**
     * How the cluster is reached.
     *
     * @throws UserError if the file of client properties cannot be read
     */
    ClusterConfig config() {
      try {
        ClientConfigFile file =
            commandConfig == null ? ClientConfigFile.NONE : ClientConfigFile.read(commandConfig);
        return file.cluster(bootstrap, registry, topicPrefix);
      } catch (ClientConfigFile.UnreadableException e) {
        throw UserError.badInput("--command-config: " + e.getMessage(), e);
      }
    }

    private static String rootMessage(Throwable failure) {
      Throwable root = failure;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      return root.getMessage();
    }
  }

  /** One or the other. */
  static class Either {
    @ArgGroup(exclusive = false)
    private Directory directory;

    @ArgGroup(exclusive = false)
    private Cluster cluster;

    OpenLog open() throws InterruptedException {
      return directory != null ? directory.open(0) : cluster.open();
    }
  }

  private LogOption() {}
}
