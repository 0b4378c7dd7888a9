package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.embedded.EmbeddedCluster;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Tick;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code coppice tail} in a process of its own, on a log to which somebody keeps writing. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TailProcessTest {

  private static final int SIGTERM_EXIT = 128 + 15;
  private static final int WRITE_MILLIS = 20;

  private final EmbeddedCluster embedded =
      EmbeddedCluster.startTemporary(new Sizing(1, 1, Optional.empty()));
  private final LogSerdes serdes = new LogSerdes(embedded.config().newRegistry());
  private final KafkaProducer<String, byte[]> producer =
      new KafkaProducer<>(
          embedded.config().kafka(), new StringSerializer(), new ByteArraySerializer());
  private final ScheduledExecutorService writer = Executors.newSingleThreadScheduledExecutor();
  private int round;

  @BeforeEach
  void keepWriting() {
    write(); // round 0 is there when the command starts
    producer.flush();
    writer.scheduleAtFixedRate(this::write, WRITE_MILLIS, WRITE_MILLIS, TimeUnit.MILLISECONDS);
  }

  @AfterEach
  void stop() {
    writer.shutdownNow();
    producer.close();
    embedded.close();
  }

  private void write() {
    String topic = embedded.config().name(Topic.TICKS);
    byte[] value = serdes.ticks.serialize(topic, new Tick("demo", round++));
    producer.send(new ProducerRecord<>(topic, 0, "demo", value));
  }

  private List<String> call(String... options) {
    ClusterConfig cluster = embedded.config();
    List<String> call = new ArrayList<>(List.of("tail", "internal.ticks"));
    call.addAll(List.of("--bootstrap", cluster.bootstrapServers()));
    call.addAll(List.of("--registry", cluster.registryUrl(), "--topic-prefix"));
    call.add(cluster.topicPrefix());
    call.addAll(List.of(options));
    return call;
  }

  @Test
  void whoFollowsSeesNothingOldAndEndsCleanlyOnASignal() throws Exception {
    CoppiceProcess tail = CoppiceProcess.start(call("--follow"));
    String first = tail.readLine();
    assertThat(first).contains("internal.ticks-0@", "Tick").doesNotEndWith("round 0");
    tail.readLine();

    tail.terminate();
    List<String> rest = tail.awaitEnd();
    assertThat(rest).allMatch(line -> line.contains("Tick"));
    assertThat(tail.exitValue()).isEqualTo(SIGTERM_EXIT);
  }

  @Test
  void fromTheBeginningItSeesWhatIsThereAndWhatComes() throws Exception {
    CoppiceProcess tail = CoppiceProcess.start(call("--follow", "--from-beginning"));
    assertThat(tail.readLine()).endsWith("round 0");
    assertThat(tail.readLine()).endsWith("round 1");
    int ofStart = round;
    String line;
    do {
      line = tail.readLine();
    } while (!line.endsWith("round " + (ofStart + 10)));
    tail.kill();
  }

  @Test
  void itEndsSilentlyWhenNobodyReadsItsOutputAnyMore() throws Exception {
    CoppiceProcess tail = CoppiceProcess.start(call("--follow"));
    tail.readLine();
    tail.closeOutput();
    tail.awaitExit();
    assertThat(tail.exitValue()).isZero();
  }
}
