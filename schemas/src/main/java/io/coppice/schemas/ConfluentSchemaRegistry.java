package io.coppice.schemas;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.avro.AvroSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;

/**
 * The registry over HTTP, by Confluent's own client: several URLs, basic auth, TLS and caching come with it and are set by
 * Confluent's own keys ({@code basic.auth.user.info}, {@code schema.registry.ssl.truststore.location}, ...).
 *
 * <p>The client is a relocated copy and brings a relocated Avro; this class is the only one that names it, and schemas cross
 * the border as strings.
 */
public final class ConfluentSchemaRegistry implements SchemaRegistry {

  private static final int CACHED_SCHEMAS = 1000;
  private static final int NOT_FOUND = 404;

  private static final int SCHEMA_NOT_FOUND = 40403;

  /** Confluent's defaults are a minute each, which is long for a process that is waiting to start. */
  private static final Map<String, String> TIMEOUTS =
      Map.of("http.connect.timeout.ms", "5000", "http.read.timeout.ms", "10000");

  private final String url;
  private final SchemaRegistryClient client;

  /**
   * @param url one URL, or several separated by commas
   * @param properties further settings by Confluent's keys; may be empty. Unless they say otherwise, a connection may take
   *     5 s ({@code http.connect.timeout.ms}) and an answer 10 s ({@code http.read.timeout.ms}).
   */
  public ConfluentSchemaRegistry(String url, Map<String, ?> properties) {
    this.url = url;
    Map<String, Object> settings = new HashMap<>(TIMEOUTS);
    settings.putAll(properties);
    this.client = new CachedSchemaRegistryClient(url, CACHED_SCHEMAS, settings);
  }

  @Override
  public int idOf(String subject, Schema schema) {
    try {
      return client.register(subject, new AvroSchema(portable(schema)));
    } catch (RestClientException e) {
      if (isOfAnotherServer(e)) {
        throw noRegistry(e);
      }
      throw new RegistryException(
          "The schema registry at "
              + url
              + " refused the schema of "
              + subject
              + ": "
              + e.getMessage(),
          e);
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  @Override
  public Schema schemaOf(int id) {
    try {
      return new Schema.Parser().parse(client.getSchemaById(id).canonicalString());
    } catch (RestClientException e) {
      if (e.getErrorCode() == SCHEMA_NOT_FOUND) {
        throw new UnknownSchemaException(
            "The schema registry at " + url + " has no schema with id " + id + ".", e);
      }
      if (isOfAnotherServer(e)) {
        throw noRegistry(e);
      }
      throw new RegistryException(
          "The schema registry at "
              + url
              + " did not give the schema with id "
              + id
              + ": "
              + e.getMessage(),
          e);
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  /** A registry's own 404 has a code, 404 and two digits more. Any other says nothing about a schema. */
  private static boolean isOfAnotherServer(RestClientException e) {
    return e.getStatus() == NOT_FOUND && e.getErrorCode() / 100 != NOT_FOUND;
  }

  private RegistryException noRegistry(RestClientException e) {
    return new RegistryException(
        "There is no schema registry at "
            + url
            + ": it answers HTTP 404. Its path may be wrong; that of Apicurio ends in /apis/ccompat/v7.",
        e);
  }

  private UnreachableException unreachable(IOException e) {
    return new UnreachableException(
        "The schema registry at " + url + " does not answer: " + e.getMessage(), e);
  }

  /** The schema as other languages see it: without the marks that Avro's compiler leaves for Java. */
  static String portable(Schema schema) {
    return schema
        .toString()
        .replace("{\"type\":\"string\",\"avro.java.string\":\"String\"}", "\"string\"");
  }
}
