package io.coppice.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.schemas.ConfluentSchemaRegistry;
import io.coppice.schemas.SchemaRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedRegistryTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String V1 =
      "{'type':'record','name':'R','fields':[{'name':'a','type':'int'}]}";
  private static final String V2 =
      "{'type':'record','name':'R','fields':[{'name':'a','type':'int'},{'name':'b','type':'int','default':7}]}";
  private static final String INCOMPATIBLE =
      "{'type':'record','name':'R','fields':[{'name':'a','type':'int'},{'name':'c','type':'int'}]}";

  @TempDir static Path temp;
  private static EmbeddedBroker broker;
  private static EmbeddedRegistry registry;

  @BeforeAll
  static void start() {
    broker = EmbeddedBroker.start(temp, 0);
    registry = EmbeddedRegistry.start(broker.bootstrap(), 0);
  }

  @AfterAll
  static void stop() {
    registry.close();
    broker.close();
  }

  @Test
  void confluentsClientRegistersAndFetches() {
    SchemaRegistry client = new ConfluentSchemaRegistry(registry.url(), Map.of());
    int id = client.idOf("client-value", schema(V1));
    assertThat(id).isPositive();
    assertThat(client.idOf("client-value", schema(V2))).isNotEqualTo(id);
    // A client with an empty cache has to ask.
    SchemaRegistry other = new ConfluentSchemaRegistry(registry.url(), Map.of());
    assertThat(other.schemaOf(id)).isEqualTo(schema(V1));
    assertThat(other.idOf("client-value", schema(V1))).isEqualTo(id);
  }

  @Test
  void confluentsClientIsToldOfIncompatibleSchemasAndUnknownIds() {
    SchemaRegistry client = new ConfluentSchemaRegistry(registry.url(), Map.of());
    client.idOf("refusing-value", schema(V1));
    assertThatThrownBy(() -> client.idOf("refusing-value", schema(INCOMPATIBLE)))
        .isInstanceOf(SchemaRegistry.RegistryException.class)
        .hasMessageContaining("refused the schema of refusing-value")
        .hasMessageContaining("READER_FIELD_MISSING_DEFAULT_VALUE");
    assertThatThrownBy(() -> client.schemaOf(987_654))
        .isInstanceOf(SchemaRegistry.UnknownSchemaException.class)
        .hasMessageContaining("has no schema with id 987654");
  }

  @Test
  void theSameSchemaHasTheSameIdUnderEverySubject() throws Exception {
    int id = register("one-value", V1);
    assertThat(register("two-value", V1)).isEqualTo(id);
    assertThat(register("one-value", V1)).isEqualTo(id);
    assertThat(texts(ok("GET", "/schemas/ids/" + id + "/subjects", null)))
        .contains("one-value", "two-value");
    assertThat(ok("GET", "/schemas/ids/" + id + "/versions", null).toString())
        .contains("{\"subject\":\"one-value\",\"version\":1}");
    assertThat(ok("GET", "/subjects/one-value/versions", null).toString()).isEqualTo("[1]");
  }

  @Test
  void versionsAreFoundByNumberAndAsLatest() throws Exception {
    int first = register("versions-value", V1);
    int second = register("versions-value", V2);
    assertThat(ok("GET", "/subjects/versions-value/versions", null).toString()).isEqualTo("[1,2]");
    JsonNode one = ok("GET", "/subjects/versions-value/versions/1", null);
    assertThat(one.path("id").asInt()).isEqualTo(first);
    assertThat(one.path("subject").asText()).isEqualTo("versions-value");
    assertThat(schema(one.path("schema").asText())).isEqualTo(schema(V1));
    for (String latest : List.of("latest", "-1", "2")) {
      JsonNode two = ok("GET", "/subjects/versions-value/versions/" + latest, null);
      assertThat(two.path("id").asInt()).isEqualTo(second);
      assertThat(two.path("version").asInt()).isEqualTo(2);
    }
    assertThat(ok("GET", "/subjects/versions-value/versions/latest/schema", null))
        .isEqualTo(JSON.readTree(json(V2)));
    assertThat(ok("GET", "/schemas/ids/" + second + "/schema", null))
        .isEqualTo(JSON.readTree(json(V2)));
    assertThat(ok("POST", "/subjects/versions-value", body(V1)).path("version").asInt()).isOne();
    assertThat(texts(ok("GET", "/subjects?subjectPrefix=versions-", null)))
        .containsExactly("versions-value");
    assertThat(ok("GET", "/schemas?subjectPrefix=versions-", null)).hasSize(2);
    JsonNode latestOnly = ok("GET", "/schemas?subjectPrefix=versions-&latestOnly=true", null);
    assertThat(latestOnly).hasSize(1);
    assertThat(latestOnly.get(0).path("version").asInt()).isEqualTo(2);
  }

  @Test
  void errorsHaveConfluentsStatusesAndCodes() throws Exception {
    register("errors-value", V1);
    refused(404, 40401, "GET", "/subjects/nobody/versions", null);
    refused(404, 40401, "POST", "/subjects/nobody", body(V1));
    refused(404, 40401, "GET", "/subjects/nobody/versions/latest", null);
    refused(404, 40402, "GET", "/subjects/errors-value/versions/9", null);
    refused(404, 40403, "POST", "/subjects/errors-value", body(V2));
    refused(404, 40403, "GET", "/schemas/ids/98765", null);
    refused(404, 40403, "GET", "/schemas/ids/98765/versions", null);
    refused(404, 40408, "GET", "/config/errors-value", null);
    refused(422, 42201, "POST", "/subjects/errors-value/versions", "{\"schema\":\"{}\"}");
    refused(422, 42201, "POST", "/subjects/errors-value/versions", "{}");
    refused(
        422,
        42201,
        "POST",
        "/subjects/errors-value/versions",
        "{\"schemaType\":\"JSON\",\"schema\":\"{}\"}");
    refused(422, 42202, "GET", "/subjects/errors-value/versions/0", null);
    refused(422, 42202, "GET", "/subjects/errors-value/versions/new", null);
    refused(422, 42203, "PUT", "/config", "{\"compatibility\":\"SIDEWAYS\"}");
    refused(409, 409, "POST", "/subjects/errors-value/versions", body(INCOMPATIBLE));
    refused(422, 42205, "DELETE", "/subjects/errors-value", null);
    refused(422, 42205, "DELETE", "/subjects/errors-value/versions/1", null);
    refused(422, 42205, "PUT", "/mode", "{\"mode\":\"IMPORT\"}");
    refused(400, 400, "POST", "/subjects/errors-value/versions", "not JSON");
    refused(404, 404, "GET", "/nowhere", null);
    refused(405, 405, "DELETE", "/subjects", null);
    assertThat(ok("GET", "/subjects/errors-value/versions", null).toString()).isEqualTo("[1]");
  }

  @Test
  void compatibilityIsTestedAgainstOneVersionOrAll() throws Exception {
    register("tested-value", V1);
    register("tested-value", V2);
    String path = "/compatibility/subjects/tested-value/versions";
    assertThat(ok("POST", path + "/latest", body(V1)).toString())
        .isEqualTo("{\"is_compatible\":true}");
    JsonNode verbose = ok("POST", path + "/1?verbose=true", body(INCOMPATIBLE));
    assertThat(verbose.path("is_compatible").asBoolean()).isFalse();
    assertThat(texts(verbose.path("messages")))
        .singleElement()
        .asString()
        .contains("version 1", "READER_FIELD_MISSING_DEFAULT_VALUE");
    assertThat(ok("POST", path + "?verbose=true", body(INCOMPATIBLE)).path("messages")).hasSize(2);
    assertThat(ok("POST", path + "?verbose=true", body(V2)).toString())
        .isEqualTo("{\"is_compatible\":true,\"messages\":[]}");
    assertThat(ok("POST", "/compatibility/subjects/nobody/versions/latest", body(V1)).toString())
        .isEqualTo("{\"is_compatible\":true}");
    refused(404, 40401, "POST", "/compatibility/subjects/nobody/versions/1", body(V1));
  }

  @Test
  void levelsAreSetGloballyAndBySubject() throws Exception {
    assertThat(level("/config")).isEqualTo("BACKWARD_TRANSITIVE");
    register("levels-value", V1);
    ok("PUT", "/config/levels-value", "{\"compatibility\":\"forward\"}");
    assertThat(level("/config/levels-value")).isEqualTo("FORWARD");
    register("levels-value", INCOMPATIBLE);
    assertThat(ok("DELETE", "/config/levels-value", null).path("compatibilityLevel").asText())
        .isEqualTo("FORWARD");
    refused(404, 40408, "GET", "/config/levels-value", null);
    assertThat(level("/config/levels-value?defaultToGlobal=true")).isEqualTo("BACKWARD_TRANSITIVE");
  }

  @Test
  void whatToolsAskForIsThere() throws Exception {
    assertThat(ok("GET", "/", null).toString()).isEqualTo("{}");
    assertThat(ok("GET", "/schemas/types", null).toString()).isEqualTo("[\"AVRO\"]");
    assertThat(ok("GET", "/mode", null).toString()).isEqualTo("{\"mode\":\"READWRITE\"}");
    assertThat(ok("GET", "/contexts", null).toString()).isEqualTo("[\".\"]");
  }

  @Test
  void subjectsMayHaveAnyName() throws Exception {
    register("a%2Fb%20c+d-value", V1);
    assertThat(texts(ok("GET", "/subjects", null))).contains("a/b c+d-value");
    assertThat(ok("GET", "/subjects/a%2Fb%20c+d-value/versions", null).toString()).isEqualTo("[1]");
  }

  @Test
  void registrationsAtOnceGiveOneVersionAndOneId() throws Exception {
    List<Callable<Integer>> registrations = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      String schema = i % 2 == 0 ? V1 : V2;
      registrations.add(() -> register("crowded-value", schema));
    }
    List<Integer> ids = new ArrayList<>();
    try (ExecutorService crowd = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Integer> id : crowd.invokeAll(registrations)) {
        ids.add(id.get());
      }
    }
    assertThat(ids.stream().distinct()).hasSize(2);
    assertThat(ok("GET", "/subjects/crowded-value/versions", null).toString()).isEqualTo("[1,2]");
  }

  @Test
  void everythingIsRebuiltFromTheTopic(@TempDir Path directory) throws Exception {
    int first;
    int second;
    try (EmbeddedBroker own = EmbeddedBroker.start(directory, 0);
        EmbeddedRegistry before = EmbeddedRegistry.start(own.bootstrap(), 0)) {
      first = call(before, "POST", "/subjects/s/versions", body(V1)).path("id").asInt();
      second = call(before, "POST", "/subjects/s/versions", body(V2)).path("id").asInt();
      call(before, "PUT", "/config", "{\"compatibility\":\"FULL\"}");
      call(before, "PUT", "/config/s", "{\"compatibility\":\"NONE\"}");
      call(before, "PUT", "/config/t", "{\"compatibility\":\"NONE\"}");
      call(before, "DELETE", "/config/t", null);
    }
    try (EmbeddedBroker own = EmbeddedBroker.start(directory, 0);
        EmbeddedRegistry after = EmbeddedRegistry.start(own.bootstrap(), 0)) {
      assertThat(call(after, "GET", "/subjects/s/versions", null).toString()).isEqualTo("[1,2]");
      assertThat(call(after, "POST", "/subjects/s", body(V1)).path("id").asInt()).isEqualTo(first);
      assertThat(call(after, "POST", "/subjects/s", body(V2)).path("id").asInt()).isEqualTo(second);
      assertThat(call(after, "GET", "/config", null).toString()).contains("\"FULL\"");
      assertThat(call(after, "GET", "/config/s", null).toString()).contains("\"NONE\"");
      assertThat(call(after, "GET", "/config/t", null).toString()).contains("40408");
      int third =
          call(after, "POST", "/subjects/s/versions", body(INCOMPATIBLE)).path("id").asInt();
      assertThat(third).isGreaterThan(second);
    }
  }

  @Test
  void recordsThatConfluentsRegistryWroteAreUnderstood(@TempDir Path directory) throws Exception {
    try (EmbeddedBroker own = EmbeddedBroker.start(directory, 0)) {
      EmbeddedRegistry.start(own.bootstrap(), 0).close(); // creates the topic
      String[][] records = {
        {"{\"keytype\":\"NOOP\",\"magic\":0}", null},
        {schemaKey("kept", 1), schemaValue("kept", 1, 3, V1, false)},
        {schemaKey("deleted", 1), schemaValue("deleted", 1, 4, V2, true)},
        {
          "{\"keytype\":\"DELETE_SUBJECT\",\"subject\":\"deleted\",\"magic\":0}",
          "{\"subject\":\"deleted\",\"version\":1}"
        },
        {"{\"keytype\":\"MODE\",\"subject\":null,\"magic\":0}", "{\"mode\":\"READWRITE\"}"},
        {schemaKey("purged", 1), schemaValue("purged", 1, 5, INCOMPATIBLE, true)},
        {schemaKey("purged", 1), null},
        {
          "{\"keytype\":\"CONFIG\",\"subject\":null,\"magic\":0}",
          "{\"compatibilityLevel\":\"FORWARD\"}"
        },
      };
      try (SchemasTopic topic = new SchemasTopic(own.bootstrap())) {
        for (String[] record : records) {
          topic.append(record[0], record[1]);
        }
      }
      try (EmbeddedRegistry reader = EmbeddedRegistry.start(own.bootstrap(), 0)) {
        assertThat(call(reader, "GET", "/subjects", null).toString()).isEqualTo("[\"kept\"]");
        assertThat(call(reader, "GET", "/schemas/ids/4/schema", null))
            .isEqualTo(JSON.readTree(json(V2)));
        assertThat(call(reader, "GET", "/config", null).toString()).contains("FORWARD");
        assertThat(call(reader, "POST", "/subjects/next/versions", body("\"long\"")).toString())
            .isEqualTo("{\"id\":6}");
      }
    }
  }

  @Test
  void recordsHaveConfluentsForm(@TempDir Path directory) throws Exception {
    try (EmbeddedBroker own = EmbeddedBroker.start(directory, 0)) {
      try (EmbeddedRegistry writer = EmbeddedRegistry.start(own.bootstrap(), 0)) {
        call(writer, "POST", "/subjects/s/versions", body("\"long\""));
        call(writer, "PUT", "/config", "{\"compatibility\":\"FULL\"}");
      }
      List<String> records = new ArrayList<>();
      try (SchemasTopic topic = new SchemasTopic(own.bootstrap())) {
        topic.replay((key, value) -> records.add(key + " " + value));
      }
      assertThat(records)
          .containsExactly(
              "{\"keytype\":\"SCHEMA\",\"subject\":\"s\",\"version\":1,\"magic\":1} "
                  + "{\"subject\":\"s\",\"version\":1,\"id\":1,\"schema\":\"\\\"long\\\"\",\"deleted\":false}",
              "{\"keytype\":\"CONFIG\",\"subject\":null,\"magic\":0} {\"compatibilityLevel\":\"FULL\"}");
    }
  }

  @Test
  void saysWhichPortIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      assertThatThrownBy(() -> EmbeddedRegistry.start(broker.bootstrap(), taken.getLocalPort()))
          .isInstanceOf(EmbeddedClusterException.class)
          .hasMessageContaining("Port " + taken.getLocalPort() + " of 127.0.0.1 cannot be opened");
    }
  }

  @Test
  void anUnreachableRegistryIsOneSentence() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      port = free.getLocalPort();
    }
    SchemaRegistry nobody = new ConfluentSchemaRegistry("http://127.0.0.1:" + port, Map.of());
    assertThatThrownBy(() -> nobody.idOf("s-value", schema(V1)))
        .isInstanceOf(SchemaRegistry.RegistryException.class)
        .hasMessage(
            "The schema registry at http://127.0.0.1:"
                + port
                + " does not answer: Connection refused");
  }

  @Test
  void aSilentRegistryIsGivenUp() throws IOException {
    // Takes connections and never answers.
    try (ServerSocket silent = new ServerSocket(0, 16, InetAddress.getByName("127.0.0.1"))) {
      SchemaRegistry client =
          new ConfluentSchemaRegistry(
              "http://127.0.0.1:" + silent.getLocalPort(), Map.of("http.read.timeout.ms", "200"));
      assertThatThrownBy(() -> client.schemaOf(1))
          .isInstanceOf(SchemaRegistry.RegistryException.class)
          .hasMessageContaining("does not answer");
    }
  }

  private static int register(String encodedSubject, String schema)
      throws IOException, InterruptedException {
    return ok("POST", "/subjects/" + encodedSubject + "/versions", body(schema)).path("id").asInt();
  }

  private static String level(String path) throws IOException, InterruptedException {
    return ok("GET", path, null).path("compatibilityLevel").asText();
  }

  private static JsonNode ok(String method, String path, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> response = send(registry, method, path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type"))
        .contains("application/vnd.schemaregistry.v1+json");
    return JSON.readTree(response.body());
  }

  private static void refused(int status, int code, String method, String path, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> response = send(registry, method, path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = JSON.readTree(response.body());
    assertThat(error.path("error_code").asInt()).isEqualTo(code);
    assertThat(error.path("message").asText()).isNotBlank();
  }

  private static JsonNode call(EmbeddedRegistry server, String method, String path, String body)
      throws IOException, InterruptedException {
    return JSON.readTree(send(server, method, path, body).body());
  }

  private static HttpResponse<String> send(
      EmbeddedRegistry server, String method, String path, String body)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.url() + path))
            .header("Content-Type", "application/vnd.schemaregistry.v1+json")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private static Schema schema(String text) {
    return new Schema.Parser().parse(json(text));
  }

  private static String json(String text) {
    return text.replace('\'', '"');
  }

  private static String body(String schema) {
    return JSON.createObjectNode().put("schema", json(schema)).toString();
  }

  private static String schemaKey(String subject, int version) {
    return StoreRecords.schemaKey(subject, version);
  }

  private static String schemaValue(
      String subject, int version, int id, String schema, boolean deleted) {
    return StoreRecords.schemaValue(new SchemaVersion(subject, version, id, json(schema)))
        .replace("\"deleted\":false", "\"deleted\":" + deleted);
  }
}
