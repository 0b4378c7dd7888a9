package io.coppice.schemas;

import org.apache.avro.util.ClassSecurityValidator;

/** Tells Avro that it may instantiate the records of the log: since 1.12.2 it does so only with packages that it was told of. */
public final class TrustedRecords {

  static {
    ClassSecurityValidator.setGlobal(
        ClassSecurityValidator.composite(
            ClassSecurityValidator.getGlobal(), c -> c.getName().startsWith("io.coppice.")));
  }

  private TrustedRecords() {}

  /** To be called by whoever copies records with their builders before anything was read from or written to the log. */
  public static void register() {
    // Once, when the class is loaded.
  }
}
