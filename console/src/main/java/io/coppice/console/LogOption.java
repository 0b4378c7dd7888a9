package io.coppice.console;

import io.coppice.console.compare.Comparison;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.embedded.EmbeddedClusterException;
import io.coppice.schemas.ClientConfigFile;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Which log a command reads: that of a demo's directory, or that of a running cluster. */
final class LogOption {

  /** How long brokers may take to answer, where the client properties do not say; TLS on a busy machine takes seconds. */
  private static final int ANSWER_MILLIS = 30_000;

  private static final String BOOTSTRAP = "COPPICE_BOOTSTRAP";
  private static final String REGISTRY = "COPPICE_REGISTRY";
  private static final String TOPIC_PREFIX = "COPPICE_TOPIC_PREFIX";
  private static final String COMMAND_CONFIG = "COPPICE_COMMAND_CONFIG";

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

  /** A running cluster; what is not said of it by options is taken from the environment. */
  static final class Cluster {
    @Option(
        names = "--bootstrap",
        paramLabel = "HOST:PORT",
        description = "Kafka brokers of a running cluster (COPPICE_BOOTSTRAP).")
    private String bootstrap;

    @Option(
        names = "--registry",
        paramLabel = "URL",
        description = "Its schema registry (COPPICE_REGISTRY).")
    private String registry;

    @Option(
        names = "--topic-prefix",
        paramLabel = "TEXT",
        description =
            "What the names of its topics begin with (COPPICE_TOPIC_PREFIX; "
                + ClusterConfig.DEFAULT_TOPIC_PREFIX
                + ").")
    private String topicPrefix;

    @Option(
        names = "--command-config",
        paramLabel = "FILE",
        description =
            "File of client properties for it, such as security.protocol and sasl.jaas.config; keys that begin with"
                + " schema.registry., basic.auth. or bearer.auth. are for the registry (COPPICE_COMMAND_CONFIG).")
    private Path commandConfig;

    /** Whether options or environment name a cluster. */
    boolean isNamed() {
      return value(bootstrap, BOOTSTRAP).isPresent();
    }

    String brokers() {
      return value(bootstrap, BOOTSTRAP)
          .orElseThrow(
              () ->
                  UserError.badInput(
                      "--bootstrap names the Kafka brokers of a running cluster: give it, or set "
                          + BOOTSTRAP
                          + "."));
    }

    private String registryUrl() {
      return value(registry, REGISTRY)
          .orElseThrow(
              () ->
                  UserError.badInput(
                      "--registry names the schema registry of the cluster: give it, or set "
                          + REGISTRY
                          + "."));
    }

    /** The options that were given, for a command that is to find the same cluster. */
    String given() {
      StringBuilder options = new StringBuilder();
      append(options, "--bootstrap", bootstrap);
      append(options, "--registry", registry);
      append(options, "--topic-prefix", topicPrefix);
      append(options, "--command-config", commandConfig);
      return options.toString();
    }

    private static void append(StringBuilder options, String name, Object value) {
      if (value != null) {
        options.append(' ').append(name).append(' ').append(value);
      }
    }

    /**
     * Makes sure that there is a log.
     *
     * @throws UserError if no broker answers, or it has not the topics of a log
     */
    OpenLog open() throws InterruptedException {
      ClusterConfig cluster = config();
      String topic = cluster.name(Topic.RUNS);
      return open(
          cluster,
          (admin, names) -> {
            if (!names.contains(topic)) {
              throw UserError.failed(
                  "--bootstrap: There is no topic " + topic + " at " + brokers() + ".", null);
            }
          });
    }

    /**
     * Makes sure that there is a log, and makes its topics where they are missing.
     *
     * @throws UserError if no broker answers, or topics that are there do not fit
     */
    OpenLog openOrCreate(Sizing sizing) throws InterruptedException {
      ClusterConfig cluster = config();
      return open(
          cluster,
          (admin, names) -> new TopicCatalogue(cluster.topicPrefix()).ensure(admin, sizing));
    }

    /** What is done with the topics' names before a log is used. */
    private interface TopicsStep {
      void take(Admin admin, Set<String> names) throws InterruptedException;
    }

    private OpenLog open(ClusterConfig cluster, TopicsStep step) throws InterruptedException {
      Map<String, Object> settings = cluster.kafka();
      settings.putIfAbsent("default.api.timeout.ms", ANSWER_MILLIS);
      try (Admin admin = Admin.create(settings)) {
        step.take(admin, admin.listTopics().names().get());
        return new OpenLog(cluster, () -> {});
      } catch (KafkaException e) {
        throw UserError.badInput("--bootstrap " + brokers() + ": " + rootMessage(e) + ".", e);
      } catch (ExecutionException e) {
        String problem =
            e.getCause() instanceof TimeoutException
                ? "No Kafka broker answers at " + brokers() + "."
                : brokers() + " refuses: " + rootMessage(e) + ".";
        throw UserError.failed("--bootstrap: " + problem, e);
      } catch (TopicCatalogue.MismatchException | IllegalStateException e) {
        throw UserError.failed("--bootstrap: " + e.getMessage(), e);
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
            value(commandConfig, COMMAND_CONFIG)
                .map(name -> ClientConfigFile.read(Path.of(name)))
                .orElse(ClientConfigFile.NONE);
        return file.cluster(
            brokers(),
            registryUrl(),
            value(topicPrefix, TOPIC_PREFIX).orElse(ClusterConfig.DEFAULT_TOPIC_PREFIX));
      } catch (ClientConfigFile.UnreadableException e) {
        throw UserError.badInput("--command-config: " + e.getMessage(), e);
      }
    }

    /** What is behind a failure, without the full stop that some of Kafka's messages have and others have not. */
    private static String rootMessage(Throwable failure) {
      Throwable root = failure;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      return String.valueOf(root.getMessage()).replaceFirst("\\.+$", "");
    }
  }

  /** One or the other; a directory that is given goes before a cluster that the environment names. */
  static class Either {
    @ArgGroup(exclusive = false)
    private Directory directory;

    @ArgGroup(exclusive = false)
    private Cluster cluster;

    /**
     * Opens the log.
     *
     * @throws UserError if there is none, or nothing says where
     */
    OpenLog open() throws InterruptedException {
      return directory != null ? directory.open(0) : orOfEnvironment(cluster, "--dir").open();
    }

    /** The options that were given, for a command that is to find the same log. */
    String given() {
      return directory != null
          ? " --dir " + directory.path()
          : cluster == null ? "" : cluster.given();
    }
  }

  /**
   * The cluster of the options, or else that of the environment.
   *
   * @param given null if there is none among the options
   * @param others options that could have been given instead
   * @throws UserError if nothing names one
   */
  static Cluster orOfEnvironment(Cluster given, String others) {
    Cluster cluster = given == null ? new Cluster() : given;
    if (given == null && !cluster.isNamed()) {
      throw UserError.badInput(
          "Nothing says where the log is: give "
              + others
              + ", or --bootstrap and --registry of a running cluster, or set "
              + BOOTSTRAP
              + " and "
              + REGISTRY
              + ".");
    }
    return cluster;
  }

  /** An option's value, or else that of an environment variable, which a system property of its name may replace. */
  private static Optional<String> value(Object option, String variable) {
    return Optional.ofNullable(option)
        .map(Object::toString)
        .or(() -> Optional.ofNullable(System.getProperty(variable)))
        .or(() -> Optional.ofNullable(System.getenv(variable)))
        .filter(value -> !value.isBlank());
  }

  private LogOption() {}
}
