package io.coppice.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.embedded.EmbeddedCluster;
import io.coppice.replay.LogReader;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;

class DeviceLinkTest {

  private static final String AGENT = "agent-link-agent-0";

  @Test
  void measuringLeavesNothingToReadAndNothingAtAllInTheAuditLog() throws InterruptedException {
    try (EmbeddedCluster embedded =
        EmbeddedCluster.startTemporary(new Sizing(2, 1, Optional.empty()))) {
      ClusterConfig cluster = embedded.config();
      DeviceLink link = DeviceLink.measured();
      double speed = link.bytesPerSecond(new LinkProbe(cluster, AGENT, "link", "agent-0"));
      assertThat(speed).isPositive().isFinite();

      try (LogReader reader = new LogReader(cluster)) {
        reader.followFromStart(Topic.AGENTS, 0);
        List<LogReader.Entry> seen = new ArrayList<>();
        while (!reader.hasReachedEnd()) {
          seen.addAll(reader.poll(Duration.ofMillis(200)));
        }
        assertThat(seen).isEmpty();
      }
      try (var consumer =
          new KafkaConsumer<>(
              cluster.reader(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
        for (Topic topic : Topic.values()) {
          for (int p = 0; p < consumer.partitionsFor(cluster.name(topic)).size(); p++) {
            TopicPartition partition = new TopicPartition(cluster.name(topic), p);
            consumer.assign(List.of(partition));
            assertThat(consumer.endOffsets(List.of(partition)).get(partition) > 0)
                .as("%s", partition)
                .isEqualTo(topic == Topic.AGENTS);
          }
        }
      }
      // The agent's own transactions go on from there.
      try (TransactionalWriter writer = new TransactionalWriter(cluster, AGENT, "link")) {
        writer.begin();
        writer.commit();
      }

      assertThat(link.bytesPerSecond(unreachable())).isEqualTo(speed);
    }
  }

  @Test
  void aKnownSpeedIsNotMeasured() throws InterruptedException {
    assertThat(DeviceLink.ofSpeed(125_000).bytesPerSecond(unreachable())).isEqualTo(125_000);
  }

  private static LinkProbe unreachable() {
    return new LinkProbe(
        new ClusterConfig("127.0.0.1:1", "http://127.0.0.1:1"), AGENT, "link", "agent-0");
  }
}
