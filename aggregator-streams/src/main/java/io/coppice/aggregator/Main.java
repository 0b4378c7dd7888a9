package io.coppice.aggregator;

import io.coppice.schemas.ClientConfigFile;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.TopicCatalogue;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The aggregator as a process. */
@Command(
    name = "coppice-aggregator",
    mixinStandardHelpOptions = true,
    version = "coppice-aggregator 0.1.0",
    sortOptions = false,
    description = {
      "Checks client updates, runs the rounds and sums the aggregates.",
      "Start as many instances as you like: they share the partitions. Every option can also be given by the environment"
          + " variable named with it."
    })
public final class Main implements Callable<Integer> {

  /** Only this process configures logging; an application that embeds the service has its own. */
  private static final String LOGGING = "logback.configurationFile";

  /** How long to wait for a schema registry that is being started, too. */
  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

  @Option(
      names = "--bootstrap",
      paramLabel = "HOST:PORT",
      defaultValue = "${COPPICE_BOOTSTRAP:-localhost:9092}",
      description = "Kafka brokers, separated by commas (COPPICE_BOOTSTRAP; ${DEFAULT-VALUE}).")
  private String bootstrap;

  @Option(
      names = "--registry",
      paramLabel = "URL",
      defaultValue = "${COPPICE_REGISTRY:-http://localhost:8081}",
      description =
          "Schema registry, URLs separated by commas (COPPICE_REGISTRY; ${DEFAULT-VALUE}).")
  private String registry;

  @Option(
      names = "--topic-prefix",
      paramLabel = "PREFIX",
      defaultValue = "${COPPICE_TOPIC_PREFIX:-" + ClusterConfig.DEFAULT_TOPIC_PREFIX + "}",
      description = "What every topic's name begins with (COPPICE_TOPIC_PREFIX; ${DEFAULT-VALUE}).")
  private String topicPrefix;

  @Option(
      names = "--application-id",
      paramLabel = "ID",
      defaultValue = "${COPPICE_APPLICATION_ID:-" + Option.NULL_VALUE + "}",
      description =
          "Name that the instances share (COPPICE_APPLICATION_ID; made from the topic prefix).")
  private String applicationId;

  @Option(
      names = "--instance-id",
      paramLabel = "ID",
      defaultValue = "${COPPICE_INSTANCE_ID:-" + Option.NULL_VALUE + "}",
      description =
          "Name of this instance, kept over a restart, so that a quick restart moves no work"
              + " (COPPICE_INSTANCE_ID; none).")
  private String instanceId;

  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      defaultValue = "${COPPICE_STATE_DIR:-state}",
      description = "Where the state stores lie (COPPICE_STATE_DIR; ${DEFAULT-VALUE}).")
  private Path stateDirectory;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "${COPPICE_THREADS:-1}",
      description = "Stream threads (COPPICE_THREADS; ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--standby-replicas",
      paramLabel = "N",
      defaultValue = "${COPPICE_STANDBY_REPLICAS:-0}",
      description =
          "Copies of the state kept ready on other instances (COPPICE_STANDBY_REPLICAS; ${DEFAULT-VALUE}).")
  private int standbyReplicas;

  @Option(
      names = "--commit-interval",
      paramLabel = "MS",
      defaultValue = "${COPPICE_COMMIT_INTERVAL:-100}",
      description =
          "Milliseconds between two commits; what others wait for is committed at once (COPPICE_COMMIT_INTERVAL; ${DEFAULT-VALUE}).")
  private long commitInterval;

  @Option(
      names = "--tick-interval",
      paramLabel = "MS",
      defaultValue = "${COPPICE_TICK_INTERVAL:-1000}",
      description =
          "Milliseconds between two looks at the deadlines (COPPICE_TICK_INTERVAL; ${DEFAULT-VALUE}).")
  private long tickInterval;

  @Mixin private TopicOptions topics;

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      defaultValue = "${COPPICE_HTTP_PORT:-8084}",
      description =
          "Port of /health and /prometheus; 0: none (COPPICE_HTTP_PORT; ${DEFAULT-VALUE}).")
  private int httpPort;

  @Option(
      names = "--http-host",
      paramLabel = "ADDRESS",
      defaultValue = "${COPPICE_HTTP_HOST:-0.0.0.0}",
      description = "Address that this port is opened at (COPPICE_HTTP_HOST; ${DEFAULT-VALUE}).")
  private String httpHost;

  @Option(
      names = "--command-config",
      paramLabel = "FILE",
      defaultValue = "${COPPICE_COMMAND_CONFIG:-" + Option.NULL_VALUE + "}",
      description =
          "File of client properties, such as security.protocol and sasl.jaas.config; keys that begin with schema.registry.,"
              + " basic.auth. or bearer.auth. are for the registry (COPPICE_COMMAND_CONFIG; none).")
  private Path commandConfig;

  @Option(
      names = "--kafka-property",
      paramLabel = "KEY=VALUE",
      description = "Further setting of the Kafka clients, such as security.protocol=SSL.")
  private Map<String, String> clientProperties = new LinkedHashMap<>();

  @Option(
      names = "--registry-property",
      paramLabel = "KEY=VALUE",
      description =
          "Further setting of the registry client, such as basic.auth.user.info=USER:PASSWORD.")
  private Map<String, String> registryProperties = new LinkedHashMap<>();

  /** Runs until SIGTERM, after which the process ends with 143 as Java does; 1 after an error, 2 for wrong options. */
  public static void main(String[] arguments) {
    if (System.getProperty(LOGGING) == null) {
      System.setProperty(LOGGING, "aggregator-logback.xml");
    }
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setExecutionExceptionHandler(
            (error, command, parsed) -> {
              command.getErr().println(error.getMessage());
              return CommandLine.ExitCode.SOFTWARE;
            });
  }

  @Override
  public Integer call() throws InterruptedException {
    ClientConfigFile file =
        commandConfig == null ? ClientConfigFile.NONE : ClientConfigFile.read(commandConfig);
    ClusterConfig cluster =
        file.with(clientProperties, registryProperties).cluster(bootstrap, registry, topicPrefix);
    AggregatorConfig config =
        new AggregatorConfig(
            cluster,
            Optional.ofNullable(applicationId)
                .orElseGet(() -> AggregatorConfig.applicationId(topicPrefix)),
            stateDirectory,
            threads,
            Duration.ofMillis(commitInterval),
            Duration.ofMillis(tickInterval),
            standbyReplicas,
            Optional.ofNullable(instanceId));
    Sizing wanted = topics.sizing();
    try (Operations operations = httpPort == 0 ? null : Operations.open(httpHost, httpPort)) {
      return run(config, wanted, Optional.ofNullable(operations));
    }
  }

  private static int run(AggregatorConfig config, Sizing wanted, Optional<Operations> operations)
      throws InterruptedException {
    ClusterConfig cluster = config.cluster();
    Sizing partitions;
    try (Admin admin = Admin.create(cluster.kafka())) {
      partitions = new TopicCatalogue(cluster.topicPrefix()).ensure(admin, wanted);
    }
    try (AggregatorService service = service(config, partitions, operations)) {
      Thread shutdown = new Thread(service::close, "shutdown");
      Runtime.getRuntime().addShutdownHook(shutdown);
      service.start(START_TIMEOUT);
      service.awaitStopped();
      return service.hasFailed() ? CommandLine.ExitCode.SOFTWARE : CommandLine.ExitCode.OK;
    }
  }

  private static AggregatorService service(
      AggregatorConfig config, Sizing partitions, Optional<Operations> operations) {
    if (operations.isEmpty()) {
      return new AggregatorService(config, partitions);
    }
    AggregatorService service =
        new AggregatorService(
            config, partitions, config.cluster().newRegistry(), operations.get().figures());
    operations.get().show(service::health);
    return service;
  }
}
