package io.coppice.console.faults;

import io.coppice.schemas.Topic;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import kafka.Kafka;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * Kafka brokers in processes of their own, broker and controller in one: as many replicas as brokers, of which two must be in step where
 * there are more than one. A single one is the embedded broker, without lines; of the others each has a port for everybody, and one behind a {@link Line} for every party whose line may fail.
 */
final class Brokers implements AutoCloseable {

  private static final int HEAP_MEGABYTES = 320;
  private static final String DIRECT = "DIRECT";
  private static final String CONTROLLER = "CONTROLLER";

  private final Path directory;
  private final FreePorts ports;
  private final int count;
  private final List<String> parties;
  private final String clusterId = Uuid.randomUuid().toString();
  private final List<JavaProcess> processes = new ArrayList<>();
  private final Map<String, Line.Condition> conditions = new TreeMap<>();
  private final Map<String, List<Integer>> entrances = new TreeMap<>();
  private final List<Line> lines = new ArrayList<>();
  private final List<Integer> controllers;
  private final List<Integer> direct;

  /**
   * Starts so many brokers.
   *
   * @param parties those who get a line of their own, by names that are listeners' names
   */
  Brokers(Path directory, FreePorts ports, int count, List<String> parties) throws Exception {
    this.directory = directory;
    this.ports = ports;
    this.count = count;
    this.parties = parties;
    this.controllers = newPorts();
    this.direct = newPorts();
    for (String party : parties) {
      conditions.put(party, new Line.Condition());
      entrances.put(party, newPorts());
    }
    if (count == 1) {
      processes.add(embedded());
    } else {
      for (int node = 1; node <= count; node++) {
        processes.add(prepare(node));
      }
    }
    processes.forEach(JavaProcess::start);
  }

  private List<Integer> newPorts() {
    return IntStream.range(0, count).mapToObj(i -> ports.next()).toList();
  }

  private JavaProcess embedded() {
    return new JavaProcess(
        "broker-1",
        directory,
        SingleBroker.class,
        HEAP_MEGABYTES,
        List.of("-Dlogback.configurationFile=aggregator-logback.xml"),
        List.of(directory.resolve("broker-1").toString(), direct.getFirst().toString()));
  }

  private JavaProcess prepare(int node) throws Exception {
    Path data = directory.resolve("broker-" + node);
    Path file = directory.resolve("broker-" + node + ".properties");
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      settings(node, data).store(out, null);
    }
    format(node, data);
    return new JavaProcess(
        "broker-" + node,
        directory,
        Kafka.class,
        HEAP_MEGABYTES,
        List.of("-Dlogback.configurationFile=aggregator-logback.xml"),
        List.of(file.toString()));
  }

  private void format(int node, Path data) throws Exception {
    try (PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
      new Formatter()
          .setPrintStream(nowhere)
          .setNodeId(node)
          .setClusterId(clusterId)
          .addDirectory(data.toString())
          .setMetadataLogDirectory(data.toString())
          .setControllerListenerName(CONTROLLER)
          .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
          .setHasDynamicQuorum(false)
          .run();
    }
  }

  private Properties settings(int node, Path data) {
    Map<String, String> listeners = new TreeMap<>();
    Map<String, String> advertised = new TreeMap<>();
    listeners.put(DIRECT, address(direct.get(node - 1)));
    listeners.put(CONTROLLER, address(controllers.get(node - 1)));
    advertised.put(DIRECT, address(direct.get(node - 1)));
    for (String party : parties) {
      int exit = ports.next();
      int entrance = entrances.get(party).get(node - 1);
      listeners.put(party, address(exit));
      advertised.put(party, address(entrance));
      lines.add(Line.open(entrance, exit, conditions.get(party), node == 1));
    }
    Properties settings = new Properties();
    settings.put("process.roles", "broker,controller");
    settings.put("node.id", String.valueOf(node));
    settings.put("log.dirs", data.toString());
    settings.put("listeners", joined(listeners));
    settings.put("advertised.listeners", joined(advertised));
    settings.put(
        "listener.security.protocol.map",
        listeners.keySet().stream()
            .map(name -> name + ":PLAINTEXT")
            .collect(Collectors.joining(",")));
    settings.put("inter.broker.listener.name", DIRECT);
    settings.put("controller.listener.names", CONTROLLER);
    settings.put(
        "controller.quorum.voters",
        IntStream.rangeClosed(1, count)
            .mapToObj(n -> n + "@" + address(controllers.get(n - 1)))
            .collect(Collectors.joining(",")));
    replication(settings);
    // Whoever is gone is noticed soon.
    settings.put("broker.session.timeout.ms", "3000");
    settings.put("broker.heartbeat.interval.ms", "500");
    settings.put("controller.quorum.election.timeout.ms", "500");
    settings.put("controller.quorum.fetch.timeout.ms", "1000");
    settings.put("replica.lag.time.max.ms", "3000");
    settings.put("group.min.session.timeout.ms", "1000");
    settings.put("group.initial.rebalance.delay.ms", "0");
    settings.put("transaction.abort.timed.out.transaction.cleanup.interval.ms", "500");
    settings.put("leader.imbalance.check.interval.seconds", "5");
    // A broker with little to do.
    settings.put("auto.create.topics.enable", "false");
    settings.put("num.network.threads", "2");
    settings.put("num.io.threads", "3");
    settings.put("background.threads", "2");
    settings.put("num.recovery.threads.per.data.dir", "2");
    settings.put("log.cleaner.dedupe.buffer.size", String.valueOf(4 << 20));
    settings.put("log.segment.bytes", String.valueOf(64 << 20));
    settings.put("log.index.size.max.bytes", String.valueOf(1 << 20));
    settings.put("message.max.bytes", String.valueOf(Topic.MAX_RECORD_BYTES));
    settings.put("replica.fetch.max.bytes", String.valueOf(Topic.MAX_RECORD_BYTES));
    return settings;
  }

  private void replication(Properties settings) {
    String replicas = String.valueOf(count);
    String inStep = String.valueOf(count > 1 ? 2 : 1);
    settings.put("default.replication.factor", replicas);
    settings.put("min.insync.replicas", inStep);
    settings.put("offsets.topic.replication.factor", replicas);
    settings.put("offsets.topic.num.partitions", "2");
    settings.put("transaction.state.log.replication.factor", replicas);
    settings.put("transaction.state.log.min.isr", inStep);
    settings.put("transaction.state.log.num.partitions", "3");
    settings.put("share.coordinator.state.topic.replication.factor", replicas);
    settings.put("share.coordinator.state.topic.min.isr", inStep);
    settings.put("share.coordinator.state.topic.num.partitions", "1");
  }

  private static String joined(Map<String, String> addresses) {
    return addresses.entrySet().stream()
        .map(entry -> entry.getKey() + "://" + entry.getValue())
        .collect(Collectors.joining(","));
  }

  private static String address(int port) {
    return "127.0.0.1:" + port;
  }

  /** Where everybody connects. */
  String bootstrap() {
    return direct.stream().map(Brokers::address).collect(Collectors.joining(","));
  }

  /** Where a party connects that has lines of its own, if there is more than one broker. */
  String bootstrap(String party) {
    if (count == 1) {
      return bootstrap();
    }
    return entrances.get(party).stream().map(Brokers::address).collect(Collectors.joining(","));
  }

  /** How the lines of a party are. */
  Line.Condition line(String party) {
    return conditions.get(party);
  }

  /**
   * One of the brokers.
   *
   * @param node 1 to their number
   */
  JavaProcess node(int node) {
    return processes.get(node - 1);
  }

  /** Number of brokers. */
  int count() {
    return count;
  }

  List<JavaProcess> processes() {
    return processes;
  }

  @Override
  public void close() throws IOException {
    processes.forEach(JavaProcess::close);
    lines.forEach(Line::close);
  }
}
