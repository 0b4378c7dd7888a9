package io.coppice.aggregator;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import org.apache.avro.Schema;
import org.apache.avro.message.SchemaStore;

/**
 * The schemas that entries of state stores were written with before today's, so that a run goes on where an earlier version of
 * the aggregator has left it. They are resources, in Avro's parsing canonical form, named by their CRC-64-AVRO fingerprint in
 * hexadecimal: whoever changes a schema of the state adds the former one here.
 */
public final class EarlierSchemas implements SchemaStore {

  /** Returns the schema with a fingerprint, or null if it is none of ours. */
  @Override
  public Schema findByFingerprint(long fingerprint) {
    String name = String.format(Locale.ROOT, "earlier/%016x.avsc", fingerprint);
    try (InputStream resource = EarlierSchemas.class.getResourceAsStream(name)) {
      return resource == null
          ? null
          : new Schema.Parser().parse(new String(resource.readAllBytes(), UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
