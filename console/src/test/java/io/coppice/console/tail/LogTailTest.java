package io.coppice.console.tail;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.embedded.EmbeddedCluster;
import io.coppice.replay.LogReader;
import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Over a real broker. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LogTailTest {

  private static final Duration POLL = Duration.ofMillis(100);
  private static final int PARTITIONS = 3;
  private static final Comparator<Entry> BY_PLACE =
      Comparator.comparing(Entry::topic)
          .thenComparingInt(Entry::partition)
          .thenComparingLong(Entry::offset);

  private static EmbeddedCluster embedded;

  @BeforeAll
  static void start() {
    embedded = EmbeddedCluster.startTemporary(new Sizing(PARTITIONS, 1, Optional.empty()));
  }

  @AfterAll
  static void stop() {
    embedded.close();
  }

  /** Many large records in one partition, few in others, and none in most. */
  @Test
  void whatIsThereComesCompleteAndInTheOrderOfTime() throws Exception {
    Collection<Topic> topics = EnumSet.of(Topic.UPDATES, Topic.ROUNDS, Topic.AGGREGATES);
    try (KafkaProducer<String, byte[]> producer = newProducer()) {
      for (int i = 0; i < 2000; i++) {
        send(producer, Topic.UPDATES, 0, new byte[20_000]);
        if (i % 100 == 0) {
          send(producer, Topic.UPDATES, 2, new byte[1]);
          send(producer, Topic.ROUNDS, 0, new byte[1]);
        }
      }
    }

    List<Entry> read = new ArrayList<>();
    try (LogReader reader = new LogReader(embedded.config())) {
      LogTail tail = LogTail.fromBeginning(reader, topics);
      while (!tail.hasCaughtUp()) {
        read.addAll(tail.poll(POLL));
      }
    }

    assertThat(read).hasSize(2040).isSortedAccordingTo(Comparator.comparingLong(Entry::timestamp));
    assertThat(count(read, Topic.UPDATES, 0)).isEqualTo(2000);
    assertThat(count(read, Topic.UPDATES, 2)).isEqualTo(20);
    assertThat(count(read, Topic.ROUNDS, 0)).isEqualTo(20);
    read.sort(BY_PLACE); // all different
    assertThat(read).doesNotHaveDuplicates();
  }

  private static long count(List<Entry> read, Topic topic, int partition) {
    return read.stream().filter(e -> e.topic() == topic && e.partition() == partition).count();
  }

  @Test
  void whoFollowsSeesWhatComesFromNowOn() throws Exception {
    Collection<Topic> topics = EnumSet.of(Topic.MASKS, Topic.CHECKPOINTS);
    try (KafkaProducer<String, byte[]> producer = newProducer();
        LogReader reader = new LogReader(embedded.config());
        LogReader whole = new LogReader(embedded.config())) {
      send(producer, Topic.MASKS, 0, new byte[] {1});
      producer.flush();
      LogTail now = LogTail.fromNow(reader, topics);
      LogTail all = LogTail.fromBeginning(whole, topics);
      assertThat(now.hasCaughtUp()).isTrue();
      assertThat(await(all, 1)).containsExactly(1);

      send(producer, Topic.CHECKPOINTS, 1, new byte[] {2});
      send(producer, Topic.MASKS, 0, new byte[] {3});
      assertThat(await(now, 2)).containsExactlyInAnyOrder(2, 3);
      assertThat(await(all, 2)).containsExactlyInAnyOrder(2, 3);
      send(producer, Topic.CHECKPOINTS, 2, new byte[] {4});
      assertThat(await(now, 1)).containsExactly(4);
      assertThat(await(all, 1)).containsExactly(4);
    }
  }

  /** The contents of the next records. */
  private static List<Integer> await(LogTail tail, int count) {
    List<Integer> contents = new ArrayList<>();
    while (contents.size() < count) {
      tail.poll(POLL).forEach(entry -> contents.add((int) entry.value()[0]));
    }
    return contents;
  }

  @Test
  void aTopicThatTheClusterDoesNotHaveIsNotMade() {
    ClusterConfig config = embedded.config();
    ClusterConfig other =
        new ClusterConfig(
            config.bootstrapServers(),
            config.registryUrl(),
            "other.",
            config.clientProperties(),
            config.registryProperties());
    try (LogReader reader = new LogReader(other)) {
      assertThat(reader.partitions(Topic.ROUNDS)).isZero();
      LogTail tail = LogTail.fromBeginning(reader, List.of(Topic.ROUNDS));
      assertThat(tail.hasCaughtUp()).isTrue();
    }
  }

  private static KafkaProducer<String, byte[]> newProducer() {
    return new KafkaProducer<>(
        embedded.config().kafka(), new StringSerializer(), new ByteArraySerializer());
  }

  private static void send(
      KafkaProducer<String, byte[]> producer, Topic topic, int partition, byte[] value)
      throws InterruptedException, ExecutionException {
    producer
        .send(new ProducerRecord<>(embedded.config().name(topic), partition, "demo", value))
        .get();
  }
}
