package io.coppice.aggregator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.specific.SpecificRecord;

/**
 * Entries of state stores in Avro's single-object encoding: they never leave their application, so they need no registry, and
 * the schema's fingerprint in front says at once when an entry was written by another version.
 */
public final class StateCodec {

  private StateCodec() {}

  public static <T extends SpecificRecord> byte[] encode(BinaryMessageEncoder<T> encoder, T entry) {
    try {
      ByteBuffer encoded = encoder.encode(entry);
      byte[] bytes = new byte[encoded.remaining()];
      encoded.get(bytes);
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
