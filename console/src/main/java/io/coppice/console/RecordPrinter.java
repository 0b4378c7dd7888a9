package io.coppice.console;

import io.coppice.learning.encoding.Encoding;
import io.coppice.replay.LogReader.Entry;
import io.coppice.replay.LogTensors;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.TensorEncoding;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;

/** Records for people: as nested maps, with a tensor's figures in place of its bytes. */
final class RecordPrinter {

  /** Byte strings up to this length are shown whole, in hexadecimal: digests, signatures, keys. */
  private static final int SHOWN_BYTES = 64;

  private final LogSerdes serdes;

  RecordPrinter(LogSerdes serdes) {
    this.serdes = serdes;
  }

  Map<String, Object> toJson(Entry entry) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("topic", entry.topic().suffix());
    line.put("partition", entry.partition());
    line.put("offset", entry.offset());
    line.put("timestamp", entry.timestamp());
    line.put("key", entry.key());
    try {
      SpecificRecord value =
          serdes.of(entry.topic()).deserialize(entry.topic().suffix(), entry.value());
      line.put("value", value == null ? null : describe(value));
    } catch (SerializationException e) {
      line.put("unreadable", e.getMessage());
    }
    return line;
  }

  private static Map<String, Object> describe(IndexedRecord record) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (Schema.Field field : record.getSchema().getFields()) {
      Object value = record.get(field.pos());
      if (field.name().equals("event") && value instanceof IndexedRecord event) {
        fields.put("event", event.getSchema().getName());
        fields.putAll(describe(event));
      } else if (field.name().equals("values") && value instanceof ByteBuffer tensor) {
        fields.put("values", summary(record, tensor));
      } else {
        fields.put(field.name(), describe(value));
      }
    }
    return fields;
  }

  private static Object describe(Object value) {
    return switch (value) {
      case null -> null;
      case IndexedRecord record -> describe(record);
      case ByteBuffer bytes when bytes.remaining() <= SHOWN_BYTES -> hex(bytes);
      case ByteBuffer bytes -> bytes.remaining() + " bytes";
      case Collection<?> list -> {
        List<Object> described = new ArrayList<>();
        list.forEach(element -> described.add(describe(element)));
        yield described;
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

  /** Count, smallest, largest, Euclidean norm and non-zeros of a tensor. */
  private static Map<String, Object> summary(IndexedRecord record, ByteBuffer tensor) {
    Schema.Field encodingField = record.getSchema().getField("encoding");
    Encoding encoding =
        encodingField == null
            ? Encoding.FLOAT32
            : LogTensors.encoding((TensorEncoding) record.get(encodingField.pos()));
    float[] values = new float[tensor.remaining() / encoding.bytesPerValue()];
    encoding.decode(tensor, values, 0, values.length);
    float smallest = Float.POSITIVE_INFINITY;
    float largest = Float.NEGATIVE_INFINITY;
    double squares = 0;
    int nonZero = 0;
    for (float value : values) {
      smallest = Math.min(smallest, value);
      largest = Math.max(largest, value);
      squares += (double) value * value;
      nonZero += value == 0 ? 0 : 1;
    }
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("count", values.length);
    figures.put("min", smallest);
    figures.put("max", largest);
    figures.put("norm", Math.sqrt(squares));
    figures.put("nonZero", nonZero);
    return figures;
  }
}
