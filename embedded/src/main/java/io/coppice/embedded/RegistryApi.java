package io.coppice.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;

/**
 * The REST API of Confluent Schema Registry, as far as clients, console tools and user interfaces call it: Avro schemas without
 * references, in the default context. Nothing can be deleted, because records in the audit topics need their schemas for ever.
 *
 * @see <a href="https://docs.confluent.io/platform/current/schema-registry/develop/api.html">Schema Registry API reference</a>
 */
final class RegistryApi {

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final SchemaStore store;

  RegistryApi(SchemaStore store) {
    this.store = store;
  }

  /** Every call and what answers it. */
  RegistryRouter routes() {
    return new RegistryRouter()
        .on("GET", "/", request -> JSON.objectNode())
        .on("GET", "/subjects", this::subjects)
        .on("POST", "/subjects/{subject}", this::find)
        .on("DELETE", "/subjects/{subject}", this::refuseDeletion)
        .on("GET", "/subjects/{subject}/versions", this::versions)
        .on("POST", "/subjects/{subject}/versions", this::register)
        .on("GET", "/subjects/{subject}/versions/{version}", r -> described(version(r)))
        .on("DELETE", "/subjects/{subject}/versions/{version}", this::refuseDeletion)
        .on("GET", "/subjects/{subject}/versions/{version}/schema", r -> raw(version(r).schema()))
        .on("GET", "/subjects/{subject}/versions/{version}/referencedby", r -> JSON.arrayNode())
        .on("GET", "/schemas", this::schemas)
        .on("GET", "/schemas/types", request -> JSON.arrayNode().add("AVRO"))
        .on("GET", "/schemas/ids/{id}", r -> JSON.objectNode().put("schema", schema(r)))
        .on("GET", "/schemas/ids/{id}/schema", request -> raw(schema(request)))
        .on("GET", "/schemas/ids/{id}/subjects", this::subjectsOfId)
        .on("GET", "/schemas/ids/{id}/versions", this::versionsOfId)
        .on("POST", "/compatibility/subjects/{subject}/versions", this::testAgainstSubject)
        .on(
            "POST",
            "/compatibility/subjects/{subject}/versions/{version}",
            this::testAgainstVersion)
        .on("GET", "/config", this::level)
        .on("PUT", "/config", this::setLevel)
        .on("DELETE", "/config", this::removeLevel)
        .on("GET", "/config/{subject}", this::level)
        .on("PUT", "/config/{subject}", this::setLevel)
        .on("DELETE", "/config/{subject}", this::removeLevel)
        .on("GET", "/mode", request -> JSON.objectNode().put("mode", "READWRITE"))
        .on("PUT", "/mode", this::refuseMode)
        .on("GET", "/mode/{subject}", request -> JSON.objectNode().put("mode", "READWRITE"))
        .on("PUT", "/mode/{subject}", this::refuseMode)
        .on("GET", "/contexts", request -> JSON.arrayNode().add("."));
  }

  private JsonNode subjects(RegistryRequest request) {
    String prefix = request.query().getOrDefault("subjectPrefix", "");
    return texts(store.subjects().stream().filter(subject -> subject.startsWith(prefix)));
  }

  private JsonNode versions(RegistryRequest request) {
    ArrayNode numbers = JSON.arrayNode();
    store.versions(request.subject()).forEach(version -> numbers.add(version.version()));
    return numbers;
  }

  private JsonNode register(RegistryRequest request) {
    if (request.body().path("id").asInt(-1) > 0 || request.body().path("version").asInt(-1) > 0) {
      throw RegistryError.notPermitted(
          "Ids and versions are given by the registry: it has no import mode.");
    }
    return JSON.objectNode().put("id", store.register(request.subject(), sentSchema(request)));
  }

  private JsonNode find(RegistryRequest request) {
    String wanted = sentSchema(request).toString();
    for (SchemaVersion version : store.versions(request.subject())) {
      if (version.schema().equals(wanted)) {
        return described(version);
      }
    }
    throw RegistryError.schemaNotFound("of subject '" + request.subject() + "'");
  }

  private JsonNode schemas(RegistryRequest request) {
    String prefix = request.query().getOrDefault("subjectPrefix", "");
    boolean latestOnly = request.flag("latestOnly");
    List<SchemaVersion> all = store.all();
    ArrayNode schemas = JSON.arrayNode();
    for (int i = 0; i < all.size(); i++) {
      SchemaVersion version = all.get(i);
      boolean latest = i == all.size() - 1 || !all.get(i + 1).subject().equals(version.subject());
      if (version.subject().startsWith(prefix) && (latest || !latestOnly)) {
        schemas.add(described(version));
      }
    }
    return schemas;
  }

  private JsonNode subjectsOfId(RegistryRequest request) {
    return texts(usages(request).map(SchemaVersion::subject).distinct());
  }

  private JsonNode versionsOfId(RegistryRequest request) {
    ArrayNode usages = JSON.arrayNode();
    usages(request)
        .forEach(v -> usages.addObject().put("subject", v.subject()).put("version", v.version()));
    return usages;
  }

  /** A check of one version, by the direction of the subject's level. */
  private JsonNode testAgainstVersion(RegistryRequest request) {
    boolean nothingYet = store.versionsIfAny(request.subject()).isEmpty();
    boolean latest = isLatest(request.path().get("version"));
    return testResult(request, nothingYet && latest ? List.of() : List.of(version(request)));
  }

  /** A check of all the versions that the subject's level demands. */
  private JsonNode testAgainstSubject(RegistryRequest request) {
    return testResult(request, store.versionsIfAny(request.subject()));
  }

  private JsonNode testResult(RegistryRequest request, List<SchemaVersion> earlier) {
    List<String> violations =
        store.effectiveLevel(request.subject()).violations(sentSchema(request), earlier);
    ObjectNode result = JSON.objectNode().put("is_compatible", violations.isEmpty());
    if (request.flag("verbose")) {
      result.set("messages", texts(violations.stream()));
    }
    return result;
  }

  private JsonNode level(RegistryRequest request) {
    CompatibilityLevel level =
        request
            .subjectIfAny()
            .map(
                subject ->
                    store
                        .level(request.subjectIfAny())
                        .or(
                            () ->
                                request.flag("defaultToGlobal")
                                    ? java.util.Optional.of(store.globalLevel())
                                    : java.util.Optional.empty())
                        .orElseThrow(() -> RegistryError.noLevelOf(subject)))
            .orElseGet(store::globalLevel);
    return JSON.objectNode().put("compatibilityLevel", level.name());
  }

  private JsonNode setLevel(RegistryRequest request) {
    CompatibilityLevel level =
        CompatibilityLevel.parse(request.body().path("compatibility").asText());
    store.setLevel(request.subjectIfAny(), level);
    return JSON.objectNode().put("compatibility", level.name());
  }

  private JsonNode removeLevel(RegistryRequest request) {
    JsonNode before = level(request);
    store.removeLevel(request.subjectIfAny());
    return before;
  }

  private JsonNode refuseDeletion(RegistryRequest request) {
    throw RegistryError.notPermitted(
        "Schemas cannot be deleted here: records in the log need them for ever.");
  }

  private JsonNode refuseMode(RegistryRequest request) {
    throw RegistryError.notPermitted("The mode is READWRITE and cannot be changed here.");
  }

  /** The version that the path names, by number, as -1 or as latest. */
  private SchemaVersion version(RegistryRequest request) {
    String wanted = request.path().get("version");
    if (isLatest(wanted)) {
      return store.versions(request.subject()).getLast();
    }
    int number = versionNumber(wanted);
    return store.versions(request.subject()).stream()
        .filter(version -> version.version() == number)
        .findFirst()
        .orElseThrow(() -> RegistryError.versionNotFound(number));
  }

  private static boolean isLatest(String version) {
    return version.equals("latest") || version.equals("-1");
  }

  private static int versionNumber(String text) {
    try {
      int number = Integer.parseInt(text);
      if (number > 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw RegistryError.invalidVersion(text);
  }

  private String schema(RegistryRequest request) {
    return store.schema(id(request));
  }

  private static int id(RegistryRequest request) {
    String id = request.path().get("id");
    try {
      return Integer.parseInt(id);
    } catch (NumberFormatException e) {
      throw RegistryError.noSuchResource();
    }
  }

  private Stream<SchemaVersion> usages(RegistryRequest request) {
    int id = id(request);
    store.schema(id); // throws if there is none
    Predicate<SchemaVersion> uses = version -> version.id() == id;
    return store.all().stream().filter(uses);
  }

  private static Schema sentSchema(RegistryRequest request) {
    JsonNode body = request.body();
    String type = body.path("schemaType").asText("AVRO");
    if (!type.equals("AVRO") && !type.equals("null")) {
      throw RegistryError.invalidSchema(
          "schemas of type " + type + " are not kept here, only AVRO.");
    }
    if (!body.path("references").isEmpty()) {
      throw RegistryError.invalidSchema("references to other schemas are not supported here.");
    }
    try {
      return new Schema.Parser().parse(body.path("schema").asText());
    } catch (AvroRuntimeException e) {
      throw RegistryError.invalidSchema(e.getMessage());
    }
  }

  private static ObjectNode described(SchemaVersion version) {
    return JSON.objectNode()
        .put("subject", version.subject())
        .put("version", version.version())
        .put("id", version.id())
        .put("schema", version.schema());
  }

  private static JsonNode raw(String schema) {
    return StoreRecords.parse(schema);
  }

  private static ArrayNode texts(Stream<String> texts) {
    ArrayNode array = JSON.arrayNode();
    texts.forEach(array::add);
    return array;
  }
}
