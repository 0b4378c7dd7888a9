package io.coppice.audit.bundle;

import java.io.IOException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.apache.avro.Schema;

/**
 * Whether a schema that was found in a file may be decoded with. An older one of ours may: Avro resolves it. One that was made to do
 * harm may not: a list whose elements take no bytes can promise any number of them in a few, and a schema that holds itself can be
 * nested without end.
 */
final class WrittenSchema {

  private WrittenSchema() {}

  /**
   * Looks for what would do harm.
   *
   * @throws IOException if there is any; the message is one clause
   */
  static void check(Schema schema) throws IOException {
    minBytes(schema, Collections.newSetFromMap(new IdentityHashMap<>()));
  }

  /** The least number of bytes that a value takes, as far as it is 0 or more. */
  private static int minBytes(Schema schema, Set<Schema> around) throws IOException {
    return switch (schema.getType()) {
      case NULL -> 0;
      case FIXED -> Math.min(schema.getFixedSize(), 1);
      case RECORD -> recordBytes(schema, around);
      case ARRAY -> listBytes(schema.getElementType(), around);
      case MAP -> {
        minBytes(schema.getValueType(), around);
        yield 1;
      }
      case UNION -> {
        for (Schema branch : schema.getTypes()) {
          minBytes(branch, around);
        }
        yield 1;
      }
      default -> 1;
    };
  }

  private static int recordBytes(Schema schema, Set<Schema> around) throws IOException {
    if (!around.add(schema)) {
      throw new IOException("the file's schema holds itself");
    }
    int bytes = 0;
    for (Schema.Field field : schema.getFields()) {
      bytes = Math.max(bytes, minBytes(field.schema(), around));
    }
    around.remove(schema);
    return bytes;
  }

  private static int listBytes(Schema element, Set<Schema> around) throws IOException {
    if (minBytes(element, around) == 0) {
      throw new IOException("the file's schema has a list of elements without bytes");
    }
    return 1;
  }
}
