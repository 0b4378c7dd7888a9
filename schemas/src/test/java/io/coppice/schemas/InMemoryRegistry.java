package io.coppice.schemas;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.avro.Schema;

/** A registry without a network; a schema's id is its place in a list. */
public final class InMemoryRegistry implements SchemaRegistry {

  private final List<Schema> schemas = new CopyOnWriteArrayList<>();

  @Override
  public synchronized int idOf(String subject, Schema schema) {
    Schema portable = new Schema.Parser().parse(ConfluentSchemaRegistry.portable(schema));
    if (!schemas.contains(portable)) {
      schemas.add(portable);
    }
    return schemas.indexOf(portable) + 1;
  }

  @Override
  public Schema schemaOf(int id) {
    if (id < 1 || id > schemas.size()) {
      throw new UnknownSchemaException("There is no schema with id " + id + ".", null);
    }
    return schemas.get(id - 1);
  }
}
