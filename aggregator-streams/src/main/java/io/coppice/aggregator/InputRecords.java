package io.coppice.aggregator;

import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.Topic;
import java.nio.ByteBuffer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/**
 * Decoding inside the processors. A Streams deserializer that fails stops the thread or skips in silence; here garbage becomes
 * a {@link RejectedRecord} that points at it.
 */
public final class InputRecords {

  /** Room that a rejected record needs around its payload. */
  private static final int ENVELOPE_BYTES = 16 << 10;

  private static final int MAX_DETAIL_CHARS = 500;

  private InputRecords() {}

  /**
   * Decodes a record's value.
   *
   * @throws UnusableRecordException if there is no value, or it is not a record of the topic's schema
   * @throws io.coppice.schemas.SchemaRegistry.RegistryException if the registry does not answer; that is no fault of the record
   */
  public static <T extends SpecificRecord> T decode(
      RecordSerde<T> serde, String topic, byte[] value) throws UnusableRecordException {
    if (value == null) {
      throw new UnusableRecordException(
          new Fault(RejectReason.UNDECODABLE, "The record has no value."));
    }
    try {
      return serde.deserialize(topic, value);
    } catch (SerializationException e) {
      throw new UnusableRecordException(
          Fault.of(RejectReason.UNDECODABLE, "The record is %s.", e.getMessage()));
    }
  }

  /** The entry for {@code rejects}. A payload too large to be wrapped is left where it is: the pointer leads to it. */
  public static RejectedRecord rejected(RecordMetadata origin, Fault fault, byte[] value) {
    return rejected(origin.topic(), origin.partition(), origin.offset(), fault, value);
  }

  /** The same for a record that was read earlier. */
  public static RejectedRecord rejected(
      String topic, int partition, long offset, Fault fault, byte[] value) {
    boolean fits = value != null && value.length <= Topic.MAX_RECORD_BYTES - ENVELOPE_BYTES;
    String detail = fault.detail();
    return new RejectedRecord(
        topic,
        partition,
        offset,
        fault.reason(),
        detail.length() <= MAX_DETAIL_CHARS ? detail : detail.substring(0, MAX_DETAIL_CHARS),
        fits ? ByteBuffer.wrap(value) : ByteBuffer.allocate(0));
  }
}
