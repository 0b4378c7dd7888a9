package io.coppice.schemas;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/**
 * The one serde: Avro in Confluent's wire format, that is a zero byte, the schema's id as a big-endian int, and Avro's binary
 * encoding. Any tool that reads Confluent's format reads our topics.
 *
 * <p>A record written with an older schema is resolved to the current class by Avro's rules; all our schemas are
 * BACKWARD_TRANSITIVE compatible. Safe for use by many threads.
 *
 * @param <T> the generated class of the topic's records
 */
public final class RecordSerde<T extends SpecificRecord>
    implements Serde<T>, Serializer<T>, Deserializer<T> {

  private static final byte MAGIC = 0;
  private static final int HEADER_BYTES = 5;

  /** Room for the fields beside the tensor, so that a record is written without copying a grown buffer. */
  private static final int ENVELOPE_BYTES = 512;

  static {
    TrustedRecords.register();
  }

  private final SchemaRegistry registry;
  private final Schema schema;
  private final SpecificDatumWriter<T> writer;
  private final ConcurrentHashMap<String, Integer> idByTopic = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Integer, Schema> schemaById = new ConcurrentHashMap<>();

  /**
   * @param registry where schemas are registered and looked up
   * @param type the generated class
   */
  public RecordSerde(SchemaRegistry registry, Class<T> type) {
    this.registry = registry;
    this.schema = SpecificData.get().getSchema(type);
    this.writer = new SpecificDatumWriter<>(schema);
  }

  /**
   * Makes the registry know the schema of a topic's values, which otherwise happens with the first record.
   *
   * @param topic the topic's full name
   * @return the schema's id
   * @throws SchemaRegistry.RegistryException if the registry does not answer, or refuses the schema
   */
  public int register(String topic) {
    return idByTopic.computeIfAbsent(topic, t -> registry.idOf(t + "-value", schema));
  }

  @Override
  public byte[] serialize(String topic, T record) {
    if (record == null) {
      return null;
    }
    int id = register(topic);
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream(ENVELOPE_BYTES + payloadBytes(record));
      out.write(MAGIC);
      out.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(id).array());
      BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
      writer.write(record, encoder);
      encoder.flush();
      return out.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NullPointerException | ClassCastException | AvroRuntimeException e) {
      throw new SerializationException(
          "A record for " + topic + " lacks a required field: " + e.getMessage(), e);
    }
  }

  /**
   * Decodes a record.
   *
   * @throws SerializationException if the bytes are not a record of this type in Confluent's wire format, or name a
   *     schema that the registry does not have
   * @throws SchemaRegistry.RegistryException if the registry does not answer
   */
  @Override
  public T deserialize(String topic, byte[] bytes) {
    if (bytes == null) {
      return null;
    }
    if (bytes.length < HEADER_BYTES || bytes[0] != MAGIC) {
      throw new SerializationException(
          "not in Confluent's wire format (a zero byte, then a 4-byte schema id)");
    }
    int id = ByteBuffer.wrap(bytes, 1, Integer.BYTES).getInt();
    Schema written = schemaOf(id);
    if (!written.getFullName().equals(schema.getFullName())) {
      throw new SerializationException(
          "a " + written.getFullName() + " where a " + schema.getFullName() + " is expected");
    }
    try {
      BinaryDecoder decoder =
          DecoderFactory.get()
              .binaryDecoder(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES, null);
      T record = new SpecificDatumReader<T>(written, schema).read(null, decoder);
      if (!decoder.isEnd()) {
        throw new SerializationException("bytes are left over behind a " + schema.getName());
      }
      return record;
    } catch (IOException | RuntimeException e) {
      if (e instanceof SerializationException already) {
        throw already;
      }
      throw new SerializationException(
          "not a readable " + schema.getName() + ": " + e.getMessage(), e);
    }
  }

  private Schema schemaOf(int id) {
    try {
      return schemaById.computeIfAbsent(id, registry::schemaOf);
    } catch (SchemaRegistry.UnknownSchemaException e) {
      throw new SerializationException("schema id " + id + " is not in the registry", e);
    }
  }

  private int payloadBytes(T record) {
    int bytes = 0;
    for (Schema.Field field : schema.getFields()) {
      if (record.get(field.pos()) instanceof ByteBuffer tensor) {
        bytes += tensor.remaining();
      }
    }
    return bytes;
  }

  @Override
  public Serializer<T> serializer() {
    return this;
  }

  @Override
  public Deserializer<T> deserializer() {
    return this;
  }

  @Override
  public void configure(java.util.Map<String, ?> configs, boolean isKey) {
    // Everything it needs was given to the constructor.
  }

  @Override
  public void close() {
    // The registry client is shared and outlives the serde.
  }
}
