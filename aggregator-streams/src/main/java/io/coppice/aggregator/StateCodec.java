package io.coppice.aggregator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.specific.SpecificRecord;

/**
 * Entries of state stores in Avro's single-object encoding: they never leave their application, so they need no registry, and
 * the schema's fingerprint in front says at once when an entry was written by another version ({@link EarlierSchemas}).
 */
public final class StateCodec {

  private StateCodec() {}

  public static <T extends SpecificRecord> byte[] encode(BinaryMessageEncoder<T> encoder, T entry) {
    try {
      return bytes(encoder.encode(entry));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The bytes that a buffer holds, as an array of their own. */
  public static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  /** The entry, or null if there is none. */
  public static <T extends SpecificRecord> T decode(BinaryMessageDecoder<T> decoder, byte[] bytes) {
    try {
      return bytes == null ? null : decoder.decode(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
