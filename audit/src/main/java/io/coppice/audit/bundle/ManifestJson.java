package io.coppice.audit.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.Topic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A manifest as JSON. Reading believes nothing: a field that is missing, unknown or out of range is refused, because the digest
 * would not cover it, and a file has no other name than its topic and partition give it.
 */
final class ManifestJson {

  /** Far above that of a bundle with all topics in a thousand partitions. */
  private static final long MAX_BYTES = 16 << 20;

  /** More than any cluster has. */
  private static final int MAX_PARTITIONS = 1_000_000;

  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  /** What stands in the ledger, whatever that is. */
  private static final Pattern HEX = Pattern.compile("[0-9a-f]*");

  private static final Pattern LINE = Pattern.compile("\\P{Cntrl}{1,1000}");

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private ManifestJson() {}

  static void write(BundleManifest manifest, Path file) throws IOException {
    ObjectNode json = JSON.createObjectNode();
    json.put("format", BundleManifest.FORMAT);
    json.put("version", BundleManifest.VERSION);
    json.put("coppice", manifest.coppice());
    json.put("run", manifest.runId());
    json.put("exported", manifest.exportedAt().toString());
    json.put("log", manifest.log());
    if (manifest.ledger().isPresent()) {
      LedgerHead head = manifest.ledger().get();
      json.putObject("ledger")
          .put("round", head.round())
          .put("finished", head.finished())
          .put("digest", head.digest());
    } else {
      json.putNull("ledger");
    }
    ObjectNode topics = json.putObject("topics");
    manifest.partitions().forEach((topic, count) -> topics.put(topic.suffix(), count));
    ArrayNode files = json.putArray("files");
    for (BundleFile f : manifest.files()) {
      files
          .addObject()
          .put("name", f.name())
          .put("topic", f.topic().suffix())
          .put("partition", f.partition())
          .put("records", f.records())
          .put("firstOffset", f.firstOffset())
          .put("lastOffset", f.lastOffset())
          .put("bytes", f.bytes())
          .put("sha256", f.sha256());
    }
    json.put("digest", manifest.digest());
    Files.writeString(file, JSON.writeValueAsString(json) + "\n");
  }

  /**
   * Reads a manifest; whether its digest holds is for {@link BundleManifest#isIntact} to say.
   *
   * @throws BundleFormatException if it is missing, of an unknown version, or not as it should be
   */
  static BundleManifest read(Path directory) {
    Path file = directory.resolve(BundleManifest.FILE);
    if (!Files.isRegularFile(file)) {
      throw new BundleFormatException(
          directory + " is no evidence bundle: it has no " + BundleManifest.FILE + ".");
    }
    JsonNode json;
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new BundleFormatException(
            file + " is no manifest: it has more than " + MAX_BYTES + " bytes.");
      }
      json = JSON.readTree(Files.readString(file));
    } catch (JsonProcessingException e) {
      throw new BundleFormatException(
          file + " is not JSON: " + e.getOriginalMessage().replaceFirst("[.\\s]+$", "") + ".", e);
    } catch (IOException e) {
      throw new BundleFormatException(file + " cannot be read: " + e.getMessage() + ".", e);
    }
    if (!json.path("format").asText().equals(BundleManifest.FORMAT)) {
      throw new BundleFormatException(
          file
              + " is not the manifest of an evidence bundle: format is not "
              + BundleManifest.FORMAT
              + ".");
    }
    if (!json.path("version").isInt() || json.get("version").intValue() != BundleManifest.VERSION) {
      throw new BundleFormatException(
          String.format(
              "%s is of version %s of the format, and only version %d is known.",
              file, json.path("version"), BundleManifest.VERSION));
    }
    return new Reader(file).manifest(json);
  }

  /** Reads one file, whose name is part of every complaint. */
  private record Reader(Path file) {

    BundleManifest manifest(JsonNode json) {
      onlyFields(
          json,
          Set.of(
              "format",
              "version",
              "coppice",
              "run",
              "exported",
              "log",
              "ledger",
              "topics",
              "files",
              "digest"));
      Map<Topic, Integer> partitions = partitions(json.path("topics"));
      return new BundleManifest(
          line(json, "coppice"),
          runId(json),
          instant(json),
          line(json, "log"),
          partitions,
          ledger(json.path("ledger")),
          files(json.path("files"), partitions),
          sha256(json, "digest"));
    }

    private String runId(JsonNode json) {
      String id = line(json, "run");
      if (!LogKeys.isName(id)) {
        throw fault("run", "is no run id");
      }
      return id;
    }

    private Instant instant(JsonNode json) {
      try {
        return Instant.parse(line(json, "exported"));
      } catch (DateTimeException e) {
        throw fault("exported", "is no time");
      }
    }

    private Map<Topic, Integer> partitions(JsonNode json) {
      Map<Topic, Integer> partitions = new EnumMap<>(Topic.class);
      for (var entry : json.properties()) {
        partitions.put(
            topic(entry.getKey()), (int) number(json, entry.getKey(), 1, MAX_PARTITIONS));
      }
      for (Topic topic : Topic.values()) {
        if (!topic.isInternal() && topic.isInFirstRelease() && !partitions.containsKey(topic)) {
          throw fault("topics", "lacks " + topic.suffix());
        }
      }
      return partitions;
    }

    private Topic topic(String suffix) {
      return Topic.bySuffix(suffix)
          .filter(topic -> !topic.isInternal())
          .orElseThrow(() -> fault("topics", "names the unknown topic '" + suffix + "'"));
    }

    private Optional<LedgerHead> ledger(JsonNode json) {
      if (json.isNull()) {
        return Optional.empty();
      }
      onlyFields(json, Set.of("round", "finished", "digest"));
      if (!json.path("finished").isBoolean()) {
        throw fault("finished", "is neither true nor false");
      }
      String digest = json.path("digest").asText();
      if (!HEX.matcher(digest).matches()) {
        throw fault("digest", "is not written in lower-case hexadecimal digits");
      }
      return Optional.of(
          new LedgerHead(
              (int) number(json, "round", Integer.MIN_VALUE, Integer.MAX_VALUE),
              digest,
              json.get("finished").booleanValue()));
    }

    private List<BundleFile> files(JsonNode json, Map<Topic, Integer> partitions) {
      if (!json.isArray()) {
        throw fault("files", "is no list");
      }
      List<BundleFile> files = new ArrayList<>();
      Set<String> names = new HashSet<>();
      for (JsonNode entry : json) {
        onlyFields(
            entry,
            Set.of(
                "name",
                "topic",
                "partition",
                "records",
                "firstOffset",
                "lastOffset",
                "bytes",
                "sha256"));
        Topic topic = topic(line(entry, "topic"));
        long first = number(entry, "firstOffset", 0, Long.MAX_VALUE);
        BundleFile listed =
            new BundleFile(
                topic,
                (int) number(entry, "partition", 0, partitions.get(topic) - 1),
                number(entry, "records", 1, Long.MAX_VALUE),
                first,
                number(entry, "lastOffset", first, Long.MAX_VALUE),
                number(entry, "bytes", 0, Long.MAX_VALUE),
                sha256(entry, "sha256"));
        if (!line(entry, "name").equals(listed.name())) {
          throw fault("name", "is not " + listed.name());
        }
        if (!names.add(listed.name())) {
          throw fault("files", "lists " + listed.name() + " twice");
        }
        files.add(listed);
      }
      return files;
    }

    private long number(JsonNode json, String field, long min, long max) {
      JsonNode value = json.path(field);
      if (!value.isIntegralNumber()
          || !value.canConvertToLong()
          || value.longValue() < min
          || value.longValue() > max) {
        throw fault(field, "is no integer of " + min + " to " + max);
      }
      return value.longValue();
    }

    private String line(JsonNode json, String field) {
      JsonNode value = json.path(field);
      if (!value.isTextual() || !LINE.matcher(value.textValue()).matches()) {
        throw fault(field, "is no line of text");
      }
      return value.textValue();
    }

    private String sha256(JsonNode json, String field) {
      String text = json.path(field).asText();
      if (!SHA256.matcher(text).matches()) {
        throw fault(field, "is no SHA-256 in lower-case hexadecimal digits");
      }
      return text;
    }

    private void onlyFields(JsonNode json, Set<String> known) {
      if (!json.isObject()) {
        throw new BundleFormatException(file + ": an object is expected where there is none.");
      }
      json.properties()
          .forEach(
              field -> {
                if (!known.contains(field.getKey())) {
                  throw fault(field.getKey(), "is not known in this version of the format");
                }
              });
    }

    private BundleFormatException fault(String field, String problem) {
      return new BundleFormatException(file + ": " + field + " " + problem + ".");
    }
  }
}
