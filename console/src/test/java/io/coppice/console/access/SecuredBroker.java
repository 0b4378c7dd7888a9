package io.coppice.console.access;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * A broker with access control lists in this process. Users come by SCRAM-SHA-512; whoever comes by the other listener is the super
 * user, in place of the certificate of a real set-up.
 */
final class SecuredBroker implements AutoCloseable {

  private static final String LOOPBACK = "127.0.0.1";

  private final KafkaRaftServer server;
  private final int userPort;
  private final int superUserPort;

  private SecuredBroker(KafkaRaftServer server, int userPort, int superUserPort) {
    this.server = server;
    this.userPort = userPort;
    this.superUserPort = superUserPort;
  }

  static SecuredBroker start(Path directory) throws Exception {
    int userPort = freePort();
    int superUserPort = freePort();
    int controllerPort = freePort();
    format(directory);
    Map<String, String> settings = new HashMap<>();
    settings.put("process.roles", "broker,controller");
    settings.put("node.id", "1");
    settings.put(
        "listeners",
        String.format(
            "USERS://%1$s:%2$d,SUPER://%1$s:%3$d,CONTROLLER://%1$s:%4$d",
            LOOPBACK, userPort, superUserPort, controllerPort));
    settings.put(
        "advertised.listeners",
        String.format("USERS://%1$s:%2$d,SUPER://%1$s:%3$d", LOOPBACK, userPort, superUserPort));
    settings.put(
        "listener.security.protocol.map",
        "USERS:SASL_PLAINTEXT,SUPER:PLAINTEXT,CONTROLLER:PLAINTEXT");
    settings.put("inter.broker.listener.name", "SUPER");
    settings.put("controller.listener.names", "CONTROLLER");
    settings.put("controller.quorum.voters", "1@" + LOOPBACK + ":" + controllerPort);
    settings.put("log.dirs", directory.toString());
    settings.put("sasl.enabled.mechanisms", "SCRAM-SHA-512");
    settings.put(
        "listener.name.users.scram-sha-512.sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required;");
    settings.put("authorizer.class.name", StandardAuthorizer.class.getName());
    settings.put("allow.everyone.if.no.acl.found", "false");
    settings.put("super.users", "User:ANONYMOUS");
    settings.put("auto.create.topics.enable", "false");
    for (String topic :
        List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
      settings.put(topic + ".replication.factor", "1");
    }
    settings.put("offsets.topic.num.partitions", "1");
    settings.put("transaction.state.log.num.partitions", "1");
    settings.put("transaction.state.log.min.isr", "1");
    settings.put("share.coordinator.state.topic.min.isr", "1");
    settings.put("group.initial.rebalance.delay.ms", "0");
    KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(settings), Time.SYSTEM);
    server.startup();
    return new SecuredBroker(server, userPort, superUserPort);
  }

  private static void format(Path directory) throws Exception {
    try (PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
      new Formatter()
          .setPrintStream(nowhere)
          .setNodeId(1)
          .setClusterId(Uuid.randomUuid().toString())
          .addDirectory(directory.toString())
          .setMetadataLogDirectory(directory.toString())
          .setControllerListenerName("CONTROLLER")
          .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
          .setHasDynamicQuorum(false)
          .run();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    }
  }

  /** Client settings of the super user. */
  Map<String, Object> superUser() {
    return new HashMap<>(Map.of("bootstrap.servers", LOOPBACK + ":" + superUserPort));
  }

  /** Client settings of a user. */
  Map<String, Object> user(String name, String password) {
    return new HashMap<>(
        Map.of(
            "bootstrap.servers",
            LOOPBACK + ":" + userPort,
            "security.protocol",
            "SASL_PLAINTEXT",
            "sasl.mechanism",
            "SCRAM-SHA-512",
            "sasl.jaas.config",
            String.format(
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";",
                name, password)));
  }

  @Override
  public void close() {
    server.shutdown();
    server.awaitShutdown();
  }
}
