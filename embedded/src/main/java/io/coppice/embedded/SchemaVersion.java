package io.coppice.embedded;

import org.apache.avro.Schema;

/**
 * A schema under a subject.
 *
 * @param version number within the subject, from 1
 * @param id number of the schema in the whole registry, from 1; the same text has the same id under every subject
 * @param schema the schema's canonical text
 */
record SchemaVersion(String subject, int version, int id, String schema) {

  Schema parsed() {
    return new Schema.Parser().parse(schema);
  }
}
