package io.coppice.service;

import io.coppice.schemas.ClientConfigFile;
import io.coppice.schemas.ClusterConfig;
import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.annotation.Nullable;
import io.micronaut.core.convert.format.MapFormat;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Positive;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** How a service reaches the log: {@code coppice.cluster.*}. */
@ConfigurationProperties("coppice.cluster")
public class ClusterSettings {

  @NotBlank private String bootstrapServers = "localhost:9092";
  @NotBlank private String registryUrl = "http://localhost:8081";

  @Pattern(regexp = "[a-zA-Z0-9._-]{0,64}")
  private String topicPrefix = ClusterConfig.DEFAULT_TOPIC_PREFIX;

  @Positive private int startTimeoutSeconds = 60;

  private boolean createTopics = true;

  @Nullable private String clientConfig;

  @MapFormat(transformation = MapFormat.MapTransformation.FLAT)
  private Map<String, String> client = new LinkedHashMap<>();

  @MapFormat(transformation = MapFormat.MapTransformation.FLAT)
  private Map<String, String> registry = new LinkedHashMap<>();

  /** Kafka brokers, host:port separated by commas. */
  public String getBootstrapServers() {
    return bootstrapServers;
  }

  public void setBootstrapServers(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
  }

  /** Schema registry, one URL or several separated by commas. */
  public String getRegistryUrl() {
    return registryUrl;
  }

  public void setRegistryUrl(String registryUrl) {
    this.registryUrl = registryUrl;
  }

  /** What every topic's name begins with. */
  public String getTopicPrefix() {
    return topicPrefix;
  }

  public void setTopicPrefix(String topicPrefix) {
    this.topicPrefix = topicPrefix;
  }

  /** Seconds to wait for brokers and registry at the start before giving up. */
  public int getStartTimeoutSeconds() {
    return startTimeoutSeconds;
  }

  public void setStartTimeoutSeconds(int startTimeoutSeconds) {
    this.startTimeoutSeconds = startTimeoutSeconds;
  }

  /** Whether topics that are missing are created; if not, they are waited for, up to the time-out of the start. */
  public boolean isCreateTopics() {
    return createTopics;
  }

  public void setCreateTopics(boolean createTopics) {
    this.createTopics = createTopics;
  }

  /**
   * File of client properties as Kafka's own tools take it ({@link ClientConfigFile}); none: only the settings here. It may contain the
   * placeholder of the service's {@link InstanceName}.
   */
  @Nullable
  public String getClientConfig() {
    return clientConfig;
  }

  public void setClientConfig(@Nullable String clientConfig) {
    this.clientConfig = clientConfig;
  }

  /** Further Kafka client settings by Kafka's own keys. */
  public Map<String, String> getClient() {
    return client;
  }

  public void setClient(Map<String, String> client) {
    this.client = client;
  }

  /** Further registry settings by Confluent's own keys. */
  public Map<String, String> getRegistry() {
    return registry;
  }

  public void setRegistry(Map<String, String> registry) {
    this.registry = registry;
  }

  /**
   * The same as a value.
   *
   * @param name of this process, for the name of the file; empty where the service has none
   * @throws StartException if the file of client properties cannot be read
   */
  public ClusterConfig toConfig(Optional<InstanceName> name) {
    return file(name).with(client, registry).cluster(bootstrapServers, registryUrl, topicPrefix);
  }

  private ClientConfigFile file(Optional<InstanceName> name) {
    try {
      return clientConfig == null
          ? ClientConfigFile.NONE
          : ClientConfigFile.read(Path.of(name.map(n -> n.in(clientConfig)).orElse(clientConfig)));
    } catch (ClientConfigFile.UnreadableException e) {
      throw new StartException("coppice.cluster.client-config: " + e.getMessage(), e);
    }
  }
}
