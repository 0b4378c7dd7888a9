package io.coppice.audit.bundle;

import io.coppice.schemas.TrustedRecords;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificRecord;
import org.apache.avro.util.RandomData;

/** Values of a topic with every field filled at random. */
final class RandomRecords {

  private RandomRecords() {}

  static SpecificRecord of(io.coppice.schemas.Topic topic, long seed) {
    TrustedRecords.register();
    Schema schema = EntrySchema.of(topic).getField("value").schema().getTypes().get(1);
    Object generic = new RandomData(schema, 1, seed, true).iterator().next();
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
      new GenericDatumWriter<>(schema).write(generic, encoder);
      return new SpecificDatumReader<SpecificRecord>(schema)
          .read(null, DecoderFactory.get().binaryDecoder(bytes.toByteArray(), null));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
