package io.coppice.audit.bundle;

/**
 * A file of a bundle that is not what the manifest says.
 *
 * @param file its name
 * @param problem one clause, such as {@code is missing}
 */
public record FileFault(String file, String problem) {

  @Override
  public String toString() {
    return file + " " + problem;
  }
}
