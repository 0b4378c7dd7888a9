package io.coppice.schemas;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How to reach the log.
 *
 * @param bootstrapServers Kafka brokers, host:port separated by commas
 * @param registryUrl schema registry, one URL or several separated by commas
 * @param topicPrefix what every topic's name begins with
 * @param clientProperties further Kafka client settings by Kafka's own keys (security and so on)
 * @param registryProperties further registry settings by Confluent's own keys
 */
public record ClusterConfig(
    String bootstrapServers,
    String registryUrl,
    String topicPrefix,
    Map<String, String> clientProperties,
    Map<String, String> registryProperties) {

  public static final String DEFAULT_TOPIC_PREFIX = "coppice.";

  public ClusterConfig {
    clientProperties = Map.copyOf(clientProperties);
    registryProperties = Map.copyOf(registryProperties);
  }

  /** A cluster without security, under the default prefix. */
  public ClusterConfig(String bootstrapServers, String registryUrl) {
    this(bootstrapServers, registryUrl, DEFAULT_TOPIC_PREFIX, Map.of(), Map.of());
  }

  /** Settings that every Kafka client of ours starts from; the caller adds its own. */
  public Map<String, Object> kafka() {
    Map<String, Object> settings = new LinkedHashMap<>(clientProperties);
    settings.put("bootstrap.servers", bootstrapServers);
    return settings;
  }

  /** Settings of a consumer that reads the log as it is: committed records only, no group, from where it is told. */
  public Map<String, Object> reader() {
    Map<String, Object> settings = kafka();
    settings.put("isolation.level", "read_committed");
    settings.put("enable.auto.commit", false);
    settings.put("auto.offset.reset", "none");
    settings.put("allow.auto.create.topics", false);
    settings.put("max.partition.fetch.bytes", Topic.MAX_RECORD_BYTES);
    settings.put("fetch.max.bytes", 2 * Topic.MAX_RECORD_BYTES);
    settings.put("fetch.max.wait.ms", 100);
    return settings;
  }

  /**
   * Settings of a transactional producer.
   *
   * @param transactionalId the same after a restart, so that a successor fences its predecessor
   */
  public Map<String, Object> writer(String transactionalId) {
    Map<String, Object> settings = kafka();
    settings.put("transactional.id", transactionalId);
    settings.put("enable.idempotence", true);
    settings.put("acks", "all");
    settings.put("max.request.size", Topic.MAX_RECORD_BYTES);
    settings.put("batch.size", 256 << 10);
    settings.put("linger.ms", 0);
    return settings;
  }

  /** Full name of a topic. */
  public String name(Topic topic) {
    return topic.name(topicPrefix);
  }

  /** A registry client for this cluster. */
  public SchemaRegistry newRegistry() {
    return new ConfluentSchemaRegistry(registryUrl, registryProperties);
  }
}
