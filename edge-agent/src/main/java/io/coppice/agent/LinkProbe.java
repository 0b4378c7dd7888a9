package io.coppice.agent;

import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.Topic;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Times bytes on their way to the brokers and back, without a trace in the log that anybody reads.
 *
 * <p>The bytes go up in a transaction that is aborted, so that no reader of committed records sees them, and into {@code agents},
 * which is the one topic that an agent writes and that is compacted: cleaning drops aborted records, where {@code updates} or
 * {@code metrics} would keep them for ever. They are a header of a record without a value, which even a reader of uncommitted
 * records can decode. The same bytes are then read back.
 *
 * <p>While the transaction is open, agents that join in the same partition are not seen yet; that lasts as long as the transfers.
 *
 * <p>Transfers grow until one takes so long that latency no longer matters; a slow link carries few bytes, a fast one at most
 * 1.3 MiB each way.
 */
final class LinkProbe {

  private static final Logger LOG = LoggerFactory.getLogger(LinkProbe.class);
  private static final int[] TRANSFER_BYTES = {16 << 10, 64 << 10, 256 << 10, 1 << 20};
  private static final Duration LONG_ENOUGH = Duration.ofMillis(100);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String HEADER = "link-probe";

  private final ClusterConfig cluster;
  private final String transactionalId;
  private final String runId;
  private final String key;

  /** A transfer to the brokers. */
  private record Transfer(TopicPartition partition, long offset, int bytes, double seconds) {}

  /**
   * @param transactionalId the agent's own; it must not be in use at the time
   */
  LinkProbe(ClusterConfig cluster, String transactionalId, String runId, String agentId) {
    this.cluster = cluster;
    this.transactionalId = transactionalId;
    this.runId = runId;
    this.key = LogKeys.agent(runId, agentId);
  }

  /** As many bytes up as down, divided by the time that both take one after the other. */
  double bytesPerSecond() throws InterruptedException {
    Transfer up = send();
    double down = read(up);
    double speed = 2 * up.bytes / (up.seconds + down);
    LOG.info(
        "The link to the brokers carries {} bytes a second: {} bytes took {} s up and {} s down",
        Math.round(speed),
        up.bytes,
        up.seconds,
        down);
    return speed;
  }

  /** The largest of the transfers that were made. */
  private Transfer send() throws InterruptedException {
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            cluster.writer(transactionalId), new StringSerializer(), new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      String topic = cluster.name(Topic.AGENTS);
      TopicPartition partition =
          new TopicPartition(
              topic, LogKeys.runPartition(runId, producer.partitionsFor(topic).size()));
      send(producer, partition, 1); // opens connections, and adds the partition to the transaction
      Transfer transfer = null;
      for (int bytes : TRANSFER_BYTES) {
        transfer = send(producer, partition, bytes);
        if (transfer.seconds >= LONG_ENOUGH.toMillis() / 1e3) {
          break;
        }
      }
      producer.abortTransaction();
      return transfer;
    } catch (ExecutionException e) {
      throw new IllegalStateException(
          "The link to the brokers cannot be measured: " + e.getCause().getMessage(), e.getCause());
    }
  }

  private Transfer send(KafkaProducer<String, byte[]> producer, TopicPartition partition, int bytes)
      throws InterruptedException, ExecutionException {
    byte[] incompressible = new byte[bytes];
    new SplittableRandom().nextBytes(incompressible);
    ProducerRecord<String, byte[]> record =
        new ProducerRecord<>(partition.topic(), partition.partition(), key, null);
    record.headers().add(HEADER, incompressible);
    long start = System.nanoTime();
    Future<RecordMetadata> sent = producer.send(record);
    producer.flush();
    long offset = sent.get().offset();
    return new Transfer(partition, offset, bytes, (System.nanoTime() - start) / 1e9);
  }

  /** Seconds until the record of a transfer is back. */
  private double read(Transfer transfer) {
    Map<String, Object> settings = cluster.reader();
    settings.put("isolation.level", "read_uncommitted");
    TopicPartition partition = transfer.partition;
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      var unused = consumer.endOffsets(List.of(partition)); // opens the connection
      consumer.seek(partition, transfer.offset);
      long start = System.nanoTime();
      while (consumer.poll(PATIENCE).isEmpty()) {
        if (System.nanoTime() - start > PATIENCE.toNanos()) {
          throw new IllegalStateException(
              "The link to the brokers cannot be measured: nothing was read from "
                  + partition
                  + " within "
                  + PATIENCE.toSeconds()
                  + " s.");
        }
      }
      return (System.nanoTime() - start) / 1e9;
    }
  }
}
