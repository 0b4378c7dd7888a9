package io.coppice.console.tail;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.replay.LogRecord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/**
 * Records as JSON, for programs: every field by its name in the schema, a tensor's figures in place of its bytes. The event of a
 * ledger or metric entry is named by {@code event}, and its fields lie beside.
 */
public final class JsonFormat implements RecordFormat {

  /** Byte strings up to this length are written whole, in hexadecimal: digests, signatures, keys. */
  private static final int SHOWN_BYTES = 64;

  private final ObjectMapper json = new ObjectMapper();

  @Override
  public String line(FoundRecord found) {
    LogRecord record = found.record();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("topic", record.topic().suffix());
    line.put("partition", record.partition());
    line.put("offset", record.offset());
    line.put("timestamp", record.timestamp());
    line.put("key", record.key());
    if (record.fault() != null) {
      line.put("unreadable", record.fault());
      line.put("bytes", record.bytes());
    } else {
      line.put("value", record.value() == null ? null : fields(record.value()));
    }
    try {
      return json.writeValueAsString(line);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, Object> fields(IndexedRecord record) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (Schema.Field field : record.getSchema().getFields()) {
      Object value = record.get(field.pos());
      if (field.name().equals("event") && value instanceof IndexedRecord event) {
        fields.put("event", event.getSchema().getName());
        fields.putAll(fields(event));
      } else if (field.name().equals("values") && value instanceof ByteBuffer tensor) {
        fields.put("values", tensor(record, tensor));
      } else {
        fields.put(field.name(), value(value));
      }
    }
    return fields;
  }

  private static Object value(Object value) {
    return switch (value) {
      case null -> null;
      case IndexedRecord record -> fields(record);
      case ByteBuffer bytes when bytes.remaining() <= SHOWN_BYTES -> hex(bytes);
      case ByteBuffer bytes -> bytes.remaining() + " bytes";
      case Collection<?> list -> {
        List<Object> values = new ArrayList<>();
        list.forEach(element -> values.add(value(element)));
        yield values;
      }
      case Number number -> number;
      case Boolean flag -> flag;
      default -> value.toString();
    };
  }

  private static String hex(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return HexFormat.of().formatHex(copy);
  }

  private static Object tensor(IndexedRecord record, ByteBuffer tensor) {
    Optional<TensorFigures> figures = TensorFigures.of(record, tensor);
    if (figures.isEmpty()) {
      return tensor.remaining() + " bytes";
    }
    Map<String, Object> named = new LinkedHashMap<>();
    named.put("count", figures.get().count());
    named.put("min", figures.get().min());
    named.put("max", figures.get().max());
    named.put("norm", figures.get().norm());
    named.put("nonZero", figures.get().nonZero());
    return named;
  }
}
