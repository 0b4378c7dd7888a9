package io.coppice.embedded;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The compacted topic {@code _schemas} that a registry keeps everything in: JSON keys and values, appended one at a time and
 * read from the start when the registry starts. There is one writer.
 */
final class SchemasTopic implements AutoCloseable {

  static final String NAME = "_schemas";

  private static final TopicPartition PARTITION = new TopicPartition(NAME, 0);
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final String bootstrap;
  private final KafkaProducer<String, String> producer;

  /** Creates the topic where it is missing and connects to it. */
  SchemasTopic(String bootstrap) {
    this.bootstrap = bootstrap;
    create();
    this.producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrap, "acks", "all", "client.id", "schema-registry"),
            new StringSerializer(),
            new StringSerializer());
  }

  private void create() {
    NewTopic topic = new NewTopic(NAME, 1, (short) 1).configs(Map.of("cleanup.policy", "compact"));
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.createTopics(List.of(topic)).all().get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw unusable(e.getCause());
      }
    } catch (TimeoutException e) {
      throw unusable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unusable(e);
    }
  }

  /** Hands every record to {@code reader}, key and value, from the first to the last that there is now. */
  void replay(BiConsumer<String, String> reader) {
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", false),
            new StringDeserializer(),
            new StringDeserializer())) {
      consumer.assign(List.of(PARTITION));
      consumer.seekToBeginning(List.of(PARTITION));
      long end = consumer.endOffsets(List.of(PARTITION)).get(PARTITION);
      long giveUp = System.nanoTime() + TIMEOUT.toNanos();
      while (consumer.position(PARTITION) < end) {
        if (System.nanoTime() > giveUp) {
          throw new EmbeddedClusterException(
              "The topic "
                  + NAME
                  + " of "
                  + bootstrap
                  + " cannot be read to its end within "
                  + TIMEOUT.toSeconds()
                  + " s.");
        }
        consumer
            .poll(Duration.ofMillis(100))
            .forEach(record -> reader.accept(record.key(), record.value()));
      }
    }
  }

  /**
   * Appends a record and waits until the broker has it.
   *
   * @param value null removes what is kept under the key
   * @throws RegistryError if the broker does not take it
   */
  void append(String key, String value) {
    try {
      producer
          .send(new ProducerRecord<>(NAME, 0, key, value))
          .get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw RegistryError.storeFailed(e.getCause());
    } catch (TimeoutException e) {
      throw RegistryError.storeFailed(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw RegistryError.storeFailed(e);
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(5));
  }

  private EmbeddedClusterException unusable(Throwable e) {
    return new EmbeddedClusterException(
        "The topic " + NAME + " of " + bootstrap + " cannot be created: " + e.getMessage(), e);
  }
}
