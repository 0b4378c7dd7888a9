package io.coppice.replay;

import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.Topic;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes records of a run in transactions: all of them become visible, or none. A writer with the same transactional id that
 * starts later fences an earlier one and aborts what it left open. Used by one thread.
 */
public final class TransactionalWriter implements AutoCloseable {

  private final ClusterConfig cluster;
  private final String runId;
  private final KafkaProducer<String, byte[]> producer;
  private final Map<Topic, Integer> partitions = new EnumMap<>(Topic.class);
  private long bytesWritten;

  /**
   * @param transactionalId names the writer: the same after a restart
   * @param runId the run whose records are written
   */
  public TransactionalWriter(ClusterConfig cluster, String transactionalId, String runId) {
    this(cluster.writer(transactionalId), cluster, runId);
  }

  /**
   * @param transactionalId names the writer: the same after a restart
   * @param runId the run whose records are written
   * @param longest how long a transaction may be open before the brokers abort it, unless the cluster's client properties say
   *     ({@code transaction.timeout.ms})
   */
  public TransactionalWriter(
      ClusterConfig cluster, String transactionalId, String runId, Duration longest) {
    this(withTimeout(cluster.writer(transactionalId), longest), cluster, runId);
  }

  private static Map<String, Object> withTimeout(Map<String, Object> settings, Duration longest) {
    settings.putIfAbsent("transaction.timeout.ms", Math.toIntExact(longest.toMillis()));
    return settings;
  }

  private TransactionalWriter(Map<String, Object> settings, ClusterConfig cluster, String runId) {
    this.cluster = cluster;
    this.runId = runId;
    this.producer =
        new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
    try {
      producer.initTransactions();
    } catch (RuntimeException e) {
      producer.close(Duration.ZERO);
      throw e;
    }
  }

  /** Number of partitions of a topic. */
  public int partitions(Topic topic) {
    return partitions.computeIfAbsent(topic, t -> producer.partitionsFor(cluster.name(t)).size());
  }

  public void begin() {
    producer.beginTransaction();
  }

  /** Adds a record of a topic by run to the transaction. */
  public <T extends SpecificRecord> void sendByRun(
      Topic topic, RecordSerde<T> serde, String key, T record) {
    send(topic, LogKeys.runPartition(runId, partitions(topic)), serde, key, record);
  }

  /** Adds a record of a topic by shard to the transaction. */
  public <T extends SpecificRecord> void sendByShard(
      Topic topic, RecordSerde<T> serde, String key, int shard, T record) {
    send(topic, LogKeys.shardPartition(shard, partitions(topic)), serde, key, record);
  }

  private <T extends SpecificRecord> void send(
      Topic topic, int partition, RecordSerde<T> serde, String key, T record) {
    String name = cluster.name(topic);
    byte[] value = serde.serialize(name, record);
    bytesWritten += value.length;
    var unused =
        producer.send(
            new ProducerRecord<>(name, partition, key, value)); // a failure surfaces in commit
  }

  /** Waits until the brokers have all records of the transaction, which stay invisible until it is committed. */
  public void flush() {
    producer.flush();
  }

  /** Makes the records of the transaction visible. */
  public void commit() {
    producer.commitTransaction();
  }

  /** Bytes of all records handed to the writer so far. */
  public long bytesWritten() {
    return bytesWritten;
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(5));
  }
}
