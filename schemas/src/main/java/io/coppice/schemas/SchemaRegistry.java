package io.coppice.schemas;

import org.apache.avro.Schema;

/**
 * Where schemas have their numbers. The wire format needs two questions answered: which id has this schema, and which
 * schema has this id.
 *
 * @see ConfluentSchemaRegistry
 */
public interface SchemaRegistry {

  /**
   * Registers a schema under a subject, or finds it there.
   *
   * @param subject topic name plus {@code -value} (Confluent's TopicNameStrategy)
   * @param schema the writer's schema
   * @return its id, positive
   * @throws RegistryException if the registry does not answer, or refuses the schema as incompatible
   */
  int idOf(String subject, Schema schema);

  /**
   * Fetches a schema.
   *
   * @param id an id that {@link #idOf} returned to some writer
   * @return the schema
   * @throws UnknownSchemaException if the registry answers that it has no such id
   * @throws RegistryException if the registry does not answer
   */
  Schema schemaOf(int id);

  /**
   * The registry has no schema with the id. Unlike an outage this says something about the record that named the id, and
   * trying again will not help.
   */
  final class UnknownSchemaException extends RuntimeException {
    public UnknownSchemaException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The registry did not answer, or refused; the message is one sentence fit for a user. */
  class RegistryException extends RuntimeException {
    public RegistryException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The registry did not answer: trying again may help. */
  final class UnreachableException extends RegistryException {
    public UnreachableException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
