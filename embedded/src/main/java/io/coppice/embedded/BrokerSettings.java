package io.coppice.embedded;

import io.coppice.schemas.Topic;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The settings of a single broker that is its own controller: nothing is replicated, nothing is forgotten, memory is small, and
 * whoever was killed is noticed within seconds.
 */
final class BrokerSettings {

  static final int NODE_ID = 1;
  static final String BROKER_LISTENER = "PLAINTEXT";
  static final String CONTROLLER_LISTENER = "CONTROLLER";

  private BrokerSettings() {}

  static Map<String, Object> of(Path directory, LoopbackPorts.Pair ports) {
    Map<String, Object> settings = new LinkedHashMap<>();
    identity(settings, directory, ports);
    singleNode(settings);
    retention(settings);
    recovery(settings);
    footprint(settings);
    return texts(settings);
  }

  /** Those of the same node as nothing but the controller, which fences the broker at once. */
  static Map<String, Object> controllerAlone(Path directory, LoopbackPorts.Pair ports) {
    Map<String, Object> settings = new LinkedHashMap<>();
    String controller = LoopbackPorts.HOST + ":" + ports.controller();
    settings.put("process.roles", "controller");
    settings.put("node.id", NODE_ID);
    settings.put("listeners", CONTROLLER_LISTENER + "://" + controller);
    settings.put("listener.security.protocol.map", CONTROLLER_LISTENER + ":PLAINTEXT");
    settings.put("controller.listener.names", CONTROLLER_LISTENER);
    settings.put("controller.quorum.voters", NODE_ID + "@" + controller);
    settings.put("log.dirs", directory.toString());
    settings.put("broker.session.timeout.ms", 200);
    settings.put("broker.heartbeat.interval.ms", 100);
    return texts(settings);
  }

  /** Kafka parses texts to the type that each setting has; numbers would have to be of that very type. */
  private static Map<String, Object> texts(Map<String, Object> settings) {
    settings.replaceAll((key, value) -> value.toString());
    return settings;
  }

  private static void identity(
      Map<String, Object> settings, Path directory, LoopbackPorts.Pair ports) {
    String broker = BROKER_LISTENER + "://" + LoopbackPorts.HOST + ":" + ports.broker();
    String controller = LoopbackPorts.HOST + ":" + ports.controller();
    settings.put("process.roles", "broker,controller");
    settings.put("node.id", NODE_ID);
    settings.put("listeners", broker + "," + CONTROLLER_LISTENER + "://" + controller);
    settings.put("advertised.listeners", broker);
    settings.put(
        "listener.security.protocol.map",
        BROKER_LISTENER + ":PLAINTEXT," + CONTROLLER_LISTENER + ":PLAINTEXT");
    settings.put("inter.broker.listener.name", BROKER_LISTENER);
    settings.put("controller.listener.names", CONTROLLER_LISTENER);
    settings.put("controller.quorum.voters", NODE_ID + "@" + controller);
    settings.put("log.dirs", directory.toString());
  }

  private static void singleNode(Map<String, Object> settings) {
    // The catalogue creates topics; one created by a misspelt name would have the wrong
    // configuration.
    settings.put("auto.create.topics.enable", false);
    settings.put("num.partitions", 1);
    settings.put("default.replication.factor", 1);
    settings.put("min.insync.replicas", 1);
    settings.put("offsets.topic.replication.factor", 1);
    settings.put("offsets.topic.num.partitions", 4);
    settings.put("transaction.state.log.replication.factor", 1);
    settings.put("transaction.state.log.min.isr", 1);
    settings.put("transaction.state.log.num.partitions", 4);
    settings.put("share.coordinator.state.topic.replication.factor", 1);
    settings.put("share.coordinator.state.topic.min.isr", 1);
    settings.put("share.coordinator.state.topic.num.partitions", 1);
    settings.put("message.max.bytes", Topic.MAX_RECORD_BYTES);
    settings.put("replica.fetch.max.bytes", Topic.MAX_RECORD_BYTES);
  }

  private static void retention(Map<String, Object> settings) {
    settings.put("log.retention.ms", -1);
    settings.put("log.retention.bytes", -1);
    // Offsets would otherwise expire a week after the last process left, and a run could not be
    // resumed.
    settings.put("offsets.retention.minutes", Integer.MAX_VALUE);
  }

  private static void recovery(Map<String, Object> settings) {
    // Its partitions are without a leader while a broker is fenced, so that a machine that is busy
    // for some seconds had better not
    // be taken for dead. One that was killed is not waited for: see KilledBroker.
    settings.put("broker.session.timeout.ms", 10_000);
    settings.put("broker.heartbeat.interval.ms", 500);
    settings.put("controlled.shutdown.enable", true);
    // Transactions whose producer was killed are aborted this soon after their time-out;
    // read_committed readers wait for it.
    settings.put("transaction.abort.timed.out.transaction.cleanup.interval.ms", 1000);
    settings.put("group.initial.rebalance.delay.ms", 0);
    settings.put("group.min.session.timeout.ms", 1000);
    settings.put("group.consumer.min.session.timeout.ms", 1000);
    settings.put("group.consumer.session.timeout.ms", 6000);
    settings.put("group.consumer.min.heartbeat.interval.ms", 500);
    settings.put("group.consumer.heartbeat.interval.ms", 1000);
    settings.put("group.streams.min.session.timeout.ms", 1000);
    settings.put("group.streams.session.timeout.ms", 6000);
    settings.put("group.streams.min.heartbeat.interval.ms", 500);
    settings.put("group.streams.heartbeat.interval.ms", 1000);
    settings.put("group.streams.initial.rebalance.delay.ms", 0);
  }

  private static void footprint(Map<String, Object> settings) {
    settings.put("num.network.threads", 2);
    settings.put("num.io.threads", 3);
    settings.put("background.threads", 2);
    settings.put("group.coordinator.threads", 1);
    settings.put("share.coordinator.threads", 1);
    // The default is 128 MiB of heap.
    settings.put("log.cleaner.dedupe.buffer.size", 4 << 20);
    // Indexes are allocated in full for every partition's newest segment; 256 MiB of log need at
    // most half a MiB of them.
    settings.put("log.segment.bytes", 256 << 20);
    settings.put("log.index.size.max.bytes", 1 << 20);
  }
}
