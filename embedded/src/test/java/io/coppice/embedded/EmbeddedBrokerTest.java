package io.coppice.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.schemas.Topic;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.metadata.bootstrap.BootstrapDirectory;
import org.apache.kafka.metadata.bootstrap.BootstrapMetadata;
import org.apache.kafka.server.common.MetadataVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedBrokerTest {

  @TempDir Path temp;

  @Test
  void keepsItsRecordsOverARestartOnAnotherPort() throws Exception {
    String firstBootstrap;
    try (EmbeddedBroker broker = EmbeddedBroker.start(temp, 0)) {
      firstBootstrap = broker.bootstrap();
      TestLog.create(firstBootstrap, topic());
      TestLog.write(firstBootstrap, "texts", List.of("oak", "hazel"));
    }
    // Holding the old port makes sure that the broker has to come back on another one.
    try (ServerSocket old = new ServerSocket(port(firstBootstrap), 1, loopback());
        EmbeddedBroker broker = EmbeddedBroker.start(temp, 0)) {
      assertThat(broker.bootstrap())
          .startsWith("127.0.0.1:")
          .doesNotEndWith(":" + old.getLocalPort());
      TestLog.write(broker.bootstrap(), "texts", List.of("ash"));
      assertThat(TestLog.read(broker.bootstrap(), "texts")).containsExactly("oak", "hazel", "ash");
    }
  }

  @Test
  void keepsAcknowledgedRecordsWhenItsProcessIsKilled() throws Exception {
    try (BrokerProcess killed = BrokerProcess.start(temp)) {
      TestLog.create(killed.bootstrap(), topic());
      TestLog.write(killed.bootstrap(), "texts", List.of("oak", "hazel"));
    }
    try (EmbeddedBroker broker = EmbeddedBroker.start(temp, 0)) {
      TestLog.write(broker.bootstrap(), "texts", List.of("ash"));
      assertThat(TestLog.read(broker.bootstrap(), "texts")).containsExactly("oak", "hazel", "ash");
    }
  }

  @Test
  void endsATransactionThatWasOpenWhenItsProcessWasKilled() throws Exception {
    try (BrokerProcess killed = BrokerProcess.start(temp)) {
      TestLog.create(killed.bootstrap(), topic());
      TestLog.leaveOpen(killed.bootstrap(), "texts", "never committed", Duration.ofMillis(500));
    }
    Thread.sleep(500); // The transaction has timed out before the broker is back.
    try (EmbeddedBroker broker = EmbeddedBroker.start(temp, 0)) {
      TestLog.write(broker.bootstrap(), "texts", List.of("oak"));
      assertThat(TestLog.awaitCommitted(broker.bootstrap(), "texts", 1, Duration.ofSeconds(30)))
          .containsExactly("oak");
    }
  }

  @Test
  void takesTheLargestRecordOfTheCatalogueAndNoLarger() throws Exception {
    try (EmbeddedBroker broker = EmbeddedBroker.start(temp, 0)) {
      NewTopic topic = new NewTopic("texts", 1, (short) 1).configs(Topic.MASKS.configs());
      TestLog.create(broker.bootstrap(), topic);
      int overhead = 200;
      TestLog.writeLarge(broker.bootstrap(), "texts", Topic.MAX_RECORD_BYTES - overhead);
      assertThatThrownBy(
              () -> TestLog.writeLarge(broker.bootstrap(), "texts", Topic.MAX_RECORD_BYTES + 1))
          .hasMessageContaining("larger than");
    }
  }

  @Test
  void saysWhichPortIsTakenAndLeavesNothingBehind() throws IOException {
    Path directory = temp.resolve("new");
    try (ServerSocket taken = new ServerSocket(0, 1, loopback())) {
      assertThatThrownBy(() -> EmbeddedBroker.start(directory, taken.getLocalPort()))
          .isInstanceOf(EmbeddedClusterException.class)
          .hasMessageContaining("Port " + taken.getLocalPort() + " of 127.0.0.1 cannot be opened")
          .hasMessageContaining("choose another port");
    }
    assertThat(directory).doesNotExist();
  }

  @Test
  void aFailedStartLeavesNoThreadsAndNoLock() throws Exception {
    try (EmbeddedBroker broker = EmbeddedBroker.start(temp, 0)) {
      TestLog.create(broker.bootstrap(), topic());
    }
    Set<Thread> before = userThreads();
    // A folder whose name is not that of a partition stops Kafka late: the controller is running by
    // then.
    Path stray = Files.createDirectory(temp.resolve("stray"));
    assertThatThrownBy(() -> EmbeddedBroker.start(temp, 0))
        .isInstanceOf(EmbeddedClusterException.class)
        .hasMessageContaining(temp.toString())
        .hasMessageContaining("cannot be started");
    assertEndsWith(before);
    Files.delete(stray);
    EmbeddedBroker.start(temp, 0).close();
  }

  @Test
  void closingLeavesNoThreads() throws InterruptedException {
    Set<Thread> before = userThreads();
    EmbeddedBroker.start(temp, 0).close();
    assertEndsWith(before);
  }

  @Test
  void refusesADirectoryThatCannotBeMade() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "");
    assertThatThrownBy(() -> EmbeddedBroker.start(file.resolve("broker"), 0))
        .isInstanceOf(EmbeddedClusterException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("choose one that can be written");
  }

  @Test
  void refusesADirectoryThatThisProcessUses() {
    try (EmbeddedBroker broker = EmbeddedBroker.start(temp, 0)) {
      assertThatThrownBy(() -> EmbeddedBroker.start(temp, 0))
          .isInstanceOf(EmbeddedClusterException.class)
          .hasMessageContaining("in use by another running broker");
      assertThat(TestLog.topics(broker.bootstrap())).isEmpty();
    }
  }

  @Test
  void refusesADirectoryThatAnotherProcessUses() throws Exception {
    try (BrokerProcess other = BrokerProcess.start(temp)) {
      assertThatThrownBy(() -> EmbeddedBroker.start(temp, 0))
          .isInstanceOf(EmbeddedClusterException.class)
          .hasMessageContaining("in use by another running broker");
      assertThat(TestLog.topics(other.bootstrap())).isEmpty();
    }
  }

  @Test
  void refusesTheDiskOfANewerKafka() throws Exception {
    EmbeddedBroker.start(temp, 0).close();
    new BootstrapDirectory(temp.toString())
        .writeBinaryFile(
            BootstrapMetadata.fromVersion(MetadataVersion.latestTesting(), "a newer Kafka"));
    assertThatThrownBy(() -> EmbeddedBroker.start(temp, 0))
        .isInstanceOf(EmbeddedClusterException.class)
        .hasMessageContaining("written by another version of Kafka")
        .hasMessageContaining("level " + MetadataVersion.latestTesting().featureLevel());
  }

  @Test
  void refusesADamagedDirectory() throws IOException {
    EmbeddedBroker.start(temp, 0).close();
    Files.writeString(temp.resolve("meta.properties"), "version=1\nnode.id=7\ncluster.id=x\n");
    assertThatThrownBy(() -> EmbeddedBroker.start(temp, 0))
        .isInstanceOf(EmbeddedClusterException.class)
        .hasMessageContaining(temp.toString());
  }

  @Test
  void refusesPortsThatDoNotExist() {
    assertThatThrownBy(() -> EmbeddedBroker.start(temp, 65_536))
        .isInstanceOf(EmbeddedClusterException.class)
        .hasMessage("A port is a number from 1 to 65535, or 0 for a free one, not 65536.");
  }

  @Test
  void aFatalFaultIsReportedOnceInsteadOfEndingTheProcess() {
    List<EmbeddedClusterException> faults = new ArrayList<>();
    try (EmbeddedBroker broker = EmbeddedBroker.start(temp, 0, faults::add)) {
      Exit.halt(1); // what Kafka does when, say, its disk is gone
      Exit.exit(1);
      assertThat(faults)
          .singleElement()
          .satisfies(f -> assertThat(f).hasMessageContaining(temp.toString()));
      assertThat(TestLog.topics(broker.bootstrap())).isEmpty();
    }
  }

  private static NewTopic topic() {
    return new NewTopic("texts", Optional.of(1), Optional.empty());
  }

  private static int port(String bootstrap) {
    return Integer.parseInt(bootstrap.substring(bootstrap.indexOf(':') + 1));
  }

  private static java.net.InetAddress loopback() throws IOException {
    return java.net.InetAddress.getByName("127.0.0.1");
  }

  /** That no user thread is left but these; one that is about to end may take its time. */
  private static void assertEndsWith(Set<Thread> before) throws InterruptedException {
    Set<Thread> left = userThreads();
    left.removeAll(before);
    for (Thread thread : left) {
      thread.join(Duration.ofSeconds(60));
    }
    left.removeIf(thread -> !thread.isAlive());
    assertThat(left).isEmpty();
  }

  private static Set<Thread> userThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.isAlive() && !thread.isDaemon())
        .collect(Collectors.toSet());
  }
}
