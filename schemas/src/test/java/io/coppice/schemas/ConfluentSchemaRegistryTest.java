package io.coppice.schemas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpServer;
import io.coppice.schemas.SchemaRegistry.RegistryException;
import io.coppice.schemas.SchemaRegistry.UnknownSchemaException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an answer of 404 means: whether a registry gave it, or a server or a path that is none. */
class ConfluentSchemaRegistryTest {

  private HttpServer server;
  private String url;
  private volatile String body;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          byte[] bytes = body.getBytes(UTF_8);
          exchange.sendResponseHeaders(404, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
    url = "http://127.0.0.1:" + server.getAddress().getPort();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void theRegistrysOwnCodeSaysThatThereIsNoSuchSchema() {
    body = "{\"error_code\": 40403, \"message\": \"Schema 7 not found\"}";
    assertThatExceptionOfType(UnknownSchemaException.class)
        .isThrownBy(() -> registry().schemaOf(7))
        .withMessage("The schema registry at " + url + " has no schema with id 7.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<html><body>Not Found</body></html>",
        "{\"title\": \"Could not find resource\", \"status\": 404, \"name\": \"NotFoundException\"}",
        "{\"error_code\": 404, \"message\": \"HTTP 404 Not Found\"}",
        "x"
      })
  void anyOther404SaysThatThereIsNoRegistry(String answer) {
    body = answer;
    String sentence =
        "There is no schema registry at "
            + url
            + ": it answers HTTP 404. Its path may be wrong; that of Apicurio ends in /apis/ccompat/v7.";
    assertThatExceptionOfType(RegistryException.class)
        .isThrownBy(() -> registry().schemaOf(7))
        .withMessage(sentence);
    assertThatExceptionOfType(RegistryException.class)
        .isThrownBy(() -> registry().idOf("runs-value", TrainingRun.getClassSchema()))
        .withMessage(sentence);
  }

  private SchemaRegistry registry() {
    return new ConfluentSchemaRegistry(url, Map.of());
  }
}
