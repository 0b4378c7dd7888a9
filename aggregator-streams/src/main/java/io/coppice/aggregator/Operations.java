package io.coppice.aggregator;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The aggregator's HTTP port, with the same paths and answers as the other services have: {@code /health}, {@code
 * /health/liveness}, {@code /health/readiness} (JSON; status 200, or 503 where something is DOWN) and {@code /prometheus}.
 */
final class Operations implements AutoCloseable {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String NAME = "coppice-aggregator";
  private static final String JSON = "application/json";
  private static final String FIGURES = "text/plain; version=0.0.4; charset=utf-8";

  private final HttpServer http;
  private final ExecutorService handlers = Executors.newVirtualThreadPerTaskExecutor();
  private final PrometheusMeterRegistry figures =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics collections = new JvmGcMetrics();
  private volatile Supplier<Health> health = () -> Health.STARTING;

  private record Answer(int status, String type, String body) {}

  private Operations(HttpServer http) {
    this.http = http;
    new JvmMemoryMetrics().bindTo(figures);
    collections.bindTo(figures);
    new JvmThreadMetrics().bindTo(figures);
    new ClassLoaderMetrics().bindTo(figures);
    new ProcessorMetrics().bindTo(figures);
    new FileDescriptorMetrics(Tags.empty()).bindTo(figures);
    new UptimeMetrics().bindTo(figures);
    answer("/health", () -> health(Health::ready));
    answer("/health/liveness", () -> health(Health::alive));
    answer("/health/readiness", () -> health(Health::ready));
    answer("/prometheus", () -> new Answer(200, FIGURES, figures.scrape()));
    http.setExecutor(handlers);
    http.start();
  }

  /**
   * Opens the port; until {@link #show} the instance is said to be starting.
   *
   * @param port 1 to 65535
   * @throws IllegalStateException if the port cannot be opened
   */
  static Operations open(String host, int port) {
    if (port < 1 || port > 65535) {
      throw new IllegalStateException(
          "A port is 1 to 65535, or 0 for none, not " + port + " (--http-port).");
    }
    InetSocketAddress address = new InetSocketAddress(host, port);
    if (address.isUnresolved()) {
      throw new IllegalStateException("There is no address " + host + " (--http-host).");
    }
    try {
      return new Operations(HttpServer.create(address, 0));
    } catch (IOException e) {
      throw new IllegalStateException(
          String.format(
              "Port %d of %s cannot be opened for /health and /prometheus (--http-port): %s.",
              port, host, e.getMessage()),
          e);
    }
  }

  /** Where the figures go that {@code /prometheus} shows. */
  MeterRegistry figures() {
    return figures;
  }

  /** What {@code /health} shows from now on. */
  void show(Supplier<Health> current) {
    health = current;
  }

  private Answer health(Predicate<Health> up) {
    Health now = health.get();
    boolean isUp = up.test(now);
    return new Answer(isUp ? 200 : 503, JSON, json(now, isUp ? "UP" : "DOWN"));
  }

  private static String json(Health health, String status) {
    ObjectNode document = MAPPER.createObjectNode().put("name", NAME).put("status", status);
    ObjectNode aggregator = document.putObject("details").putObject("aggregator");
    aggregator.put("name", NAME).put("status", status);
    ObjectNode details = aggregator.putObject("details").put("state", health.state());
    health.faults().forEach(details.putArray("faults")::add);
    return document.toString();
  }

  private void answer(String path, Supplier<Answer> answers) {
    http.createContext(
        path,
        exchange -> {
          try (exchange) {
            send(exchange, exchange.getRequestURI().getPath().equals(path) ? answers : null);
          }
        });
  }

  /**
   * @param answers null: there is nothing at this path
   */
  private static void send(HttpExchange exchange, Supplier<Answer> answers) throws IOException {
    boolean head = exchange.getRequestMethod().equals("HEAD");
    Answer answer;
    if (answers == null) {
      answer = new Answer(404, JSON, "{\"message\":\"Not Found\"}");
    } else if (head || exchange.getRequestMethod().equals("GET")) {
      answer = answers.get();
    } else {
      answer = new Answer(405, JSON, "{\"message\":\"Method Not Allowed\"}");
    }
    byte[] body = answer.body().getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", answer.type());
    exchange.sendResponseHeaders(answer.status(), head ? -1 : body.length);
    if (!head) {
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    http.stop(0);
    handlers.close();
    collections.close();
    figures.close();
  }
}
