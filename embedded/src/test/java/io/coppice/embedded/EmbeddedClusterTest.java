package io.coppice.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Tick;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedClusterTest {

  private static final Sizing SMALL = new Sizing(2, 1, Optional.empty());

  @Test
  void aTransactionIsReadBackAfterARestart(@TempDir Path directory) {
    EmbeddedCluster.Options small = new EmbeddedCluster.Options(0, 0, SMALL, fault -> {});
    Tick tick = new Tick("run", 3);
    try (EmbeddedCluster cluster = EmbeddedCluster.start(directory, small)) {
      ClusterConfig config = cluster.config();
      LogSerdes serdes = new LogSerdes(config.newRegistry());
      try (KafkaProducer<String, Tick> producer =
          new KafkaProducer<>(config.writer("tests"), new StringSerializer(), serdes.ticks)) {
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(config.name(Topic.TICKS), "run", tick));
        producer.commitTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(config.name(Topic.TICKS), "run", new Tick("run", 4)));
        producer.flush();
        producer.abortTransaction();
      }
    }
    try (EmbeddedCluster cluster = EmbeddedCluster.start(directory, 0)) {
      assertThat(cluster.sizing()).isEqualTo(SMALL);
      assertThat(ticks(cluster.config()))
          .singleElement()
          .satisfies(
              record -> {
                assertThat(record.value()).isEqualTo(tick);
                assertThat(record.timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
              });
    }
  }

  @Test
  void aTemporaryClusterIsDeletedWhenItIsClosed() throws IOException {
    Set<Path> before = temporaryClusters();
    Set<Path> during;
    try (EmbeddedCluster cluster = EmbeddedCluster.startTemporary(SMALL)) {
      during = temporaryClusters();
      during.removeAll(before);
      assertThat(during).hasSize(1);
      assertThat(cluster.sizing()).isEqualTo(SMALL);
    }
    assertThat(during).allSatisfy(directory -> assertThat(directory).doesNotExist());
  }

  @Test
  void aTakenRegistryPortStopsTheBrokerAgain(@TempDir Path directory) throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      EmbeddedCluster.Options options =
          new EmbeddedCluster.Options(0, taken.getLocalPort(), SMALL, fault -> {});
      assertThatThrownBy(() -> EmbeddedCluster.start(directory, options))
          .isInstanceOf(EmbeddedClusterException.class)
          .hasMessageContaining("Port " + taken.getLocalPort());
    }
    // Would be refused if the first broker still held the directory.
    EmbeddedCluster.start(directory, 0).close();
  }

  private static List<ConsumerRecord<String, Tick>> ticks(ClusterConfig config) {
    TopicPartition partition = new TopicPartition(config.name(Topic.TICKS), 0);
    List<ConsumerRecord<String, Tick>> ticks = new ArrayList<>();
    try (KafkaConsumer<String, Tick> consumer =
        new KafkaConsumer<>(
            config.reader(), new StringDeserializer(), new LogSerdes(config.newRegistry()).ticks)) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        consumer.poll(Duration.ofMillis(100)).forEach(ticks::add);
      }
    }
    return ticks;
  }

  private static Set<Path> temporaryClusters() throws IOException {
    try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return new TreeSet<>(
          files.filter(f -> f.getFileName().toString().startsWith("coppice-cluster-")).toList());
    }
  }
}
