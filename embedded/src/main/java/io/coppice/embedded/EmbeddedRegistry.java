package io.coppice.embedded;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A schema registry inside this process: Confluent's REST API on 127.0.0.1, over the compacted topic {@code _schemas} in
 * Confluent's own record format. Confluent's clients and every tool that speaks to their registry work with it.
 *
 * <p>It keeps no other state: started again on the same topic it is the same registry. There must be one registry a topic.
 */
public final class EmbeddedRegistry implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(EmbeddedRegistry.class);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";
  private static final int MAX_BODY_BYTES = 4 << 20;

  private final SchemaStore store;
  private final RegistryRouter router;
  private final ExecutorService executor;
  private final HttpServer http;

  private EmbeddedRegistry(SchemaStore store, HttpServer http) {
    this.store = store;
    this.router = new RegistryApi(store).routes();
    this.executor = Executors.newVirtualThreadPerTaskExecutor();
    this.http = http;
    http.createContext("/", this::answer);
    http.setExecutor(executor);
    http.start();
    log.info("Schema registry serves {}", url());
  }

  /**
   * Starts a registry; it serves at once.
   *
   * @param bootstrap the Kafka cluster that keeps the schemas, {@code host:port}
   * @param port port of 127.0.0.1 for clients, or 0 for a free one
   * @throws EmbeddedClusterException if the port is taken or the topic cannot be used; nothing is left running
   */
  public static EmbeddedRegistry start(String bootstrap, int port) {
    LoopbackPorts.requireValid(port);
    HttpServer http;
    try {
      http = HttpServer.create(LoopbackPorts.address(port), 0);
    } catch (IOException e) {
      throw LoopbackPorts.taken(port, e);
    }
    try {
      return new EmbeddedRegistry(openStore(bootstrap), http);
    } catch (RuntimeException e) {
      http.stop(0);
      throw e;
    }
  }

  private static SchemaStore openStore(String bootstrap) {
    SchemasTopic topic = new SchemasTopic(bootstrap);
    try {
      return new SchemaStore(topic);
    } catch (RuntimeException e) {
      topic.close();
      throw e;
    }
  }

  /** Where clients connect, as {@code schema.registry.url} wants it. */
  public String url() {
    return "http://" + LoopbackPorts.HOST + ":" + http.getAddress().getPort();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      int status = 200;
      JsonNode answer;
      try {
        answer = dispatch(exchange);
      } catch (RegistryError e) {
        status = e.status;
        answer = error(e.code, e.getMessage());
      } catch (RuntimeException e) {
        log.warn("{} {} failed", exchange.getRequestMethod(), exchange.getRequestURI(), e);
        status = 500;
        answer = error(50001, "Error in the registry: " + e.getMessage());
      }
      byte[] body = JSON.writeValueAsBytes(answer);
      exchange.getResponseHeaders().set("Content-Type", CONTENT_TYPE);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private JsonNode dispatch(HttpExchange exchange) throws IOException {
    URI uri = exchange.getRequestURI();
    byte[] sent = exchange.getRequestBody().readNBytes(MAX_BODY_BYTES + 1);
    if (sent.length > MAX_BODY_BYTES) {
      throw RegistryError.badRequest("A request has at most " + MAX_BODY_BYTES + " bytes.");
    }
    return router.dispatch(
        exchange.getRequestMethod(), path(uri), query(uri.getRawQuery()), json(sent));
  }

  private static JsonNode json(byte[] sent) throws IOException {
    try {
      return sent.length == 0 ? MissingNode.getInstance() : JSON.readTree(sent);
    } catch (JsonProcessingException e) {
      throw RegistryError.badRequest("The request is not JSON: " + e.getOriginalMessage());
    }
  }

  /** The decoded parts of a path; an encoded slash is part of a subject's name. */
  private static List<String> path(URI uri) {
    return RegistryRouter.split(uri.getRawPath()).stream()
        .map(part -> URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8))
        .toList();
  }

  private static Map<String, String> query(String raw) {
    Map<String, String> query = new HashMap<>();
    if (raw != null) {
      for (String pair : raw.split("&", -1)) {
        int equals = pair.indexOf('=');
        if (equals > 0) {
          query.put(
              pair.substring(0, equals),
              URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
        }
      }
    }
    return query;
  }

  private static JsonNode error(int code, String message) {
    return JSON.createObjectNode().put("error_code", code).put("message", message);
  }

  @Override
  public void close() {
    http.stop(0);
    executor.close();
    store.close();
  }
}
