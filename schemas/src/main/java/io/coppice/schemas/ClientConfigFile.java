package io.coppice.schemas;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * A file of client properties as Kafka's own tools take it with {@code --command-config}: security and whatever else the clients
 * of this cluster need. Keys that begin with {@code schema.registry.}, {@code basic.auth.} or {@code bearer.auth.} are for the
 * schema registry's client, as Confluent names them; all others are for Kafka's clients.
 *
 * @param kafka settings of the Kafka clients, by Kafka's own keys
 * @param registry settings of the registry's client, by Confluent's own keys
 */
public record ClientConfigFile(Map<String, String> kafka, Map<String, String> registry) {

  /** No settings. */
  public static final ClientConfigFile NONE = new ClientConfigFile(Map.of(), Map.of());

  /** A file cannot be read. The message is one sentence that names it, fit for a user. */
  public static final class UnreadableException extends IllegalArgumentException {
    UnreadableException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  public ClientConfigFile {
    kafka = Map.copyOf(kafka);
    registry = Map.copyOf(registry);
  }

  /**
   * Reads a file of the format of {@link Properties}, in UTF-8.
   *
   * @throws UnreadableException if there is none, or it cannot be read
   */
  public static ClientConfigFile read(Path file) {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    } catch (NoSuchFileException e) {
      throw new UnreadableException("There is no file " + file + ".", e);
    } catch (IOException | IllegalArgumentException e) {
      throw new UnreadableException(file + " is not a readable file of client properties.", e);
    }
    Map<String, String> kafka = new TreeMap<>();
    Map<String, String> registry = new TreeMap<>();
    for (String key : properties.stringPropertyNames()) {
      (isForRegistry(key) ? registry : kafka).put(key, properties.getProperty(key).strip());
    }
    return new ClientConfigFile(kafka, registry);
  }

  /**
   * The same with further settings, which go before those of the file.
   *
   * @param furtherKafka of the Kafka clients
   * @param furtherRegistry of the registry's client
   */
  public ClientConfigFile with(
      Map<String, String> furtherKafka, Map<String, String> furtherRegistry) {
    return new ClientConfigFile(merged(kafka, furtherKafka), merged(registry, furtherRegistry));
  }

  /** How a cluster is reached with these settings. */
  public ClusterConfig cluster(String bootstrapServers, String registryUrl, String topicPrefix) {
    return new ClusterConfig(bootstrapServers, registryUrl, topicPrefix, kafka, registry);
  }

  private static boolean isForRegistry(String key) {
    return key.startsWith("schema.registry.")
        || key.startsWith("basic.auth.")
        || key.startsWith("bearer.auth.");
  }

  private static Map<String, String> merged(Map<String, String> first, Map<String, String> last) {
    Map<String, String> merged = new TreeMap<>(first);
    merged.putAll(last);
    return merged;
  }
}
