package io.coppice.embedded;

/**
 * A request that the registry refuses, with Confluent's HTTP status and error code: clients tell errors apart by the code.
 *
 * @see <a href="https://docs.confluent.io/platform/current/schema-registry/develop/api.html">Schema Registry API reference</a>
 */
final class RegistryError extends RuntimeException {

  final int status;
  final int code;

  private RegistryError(int status, int code, String message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  static RegistryError noSuchResource() {
    return new RegistryError(404, 404, "HTTP 404 Not Found");
  }

  static RegistryError methodNotAllowed() {
    return new RegistryError(405, 405, "HTTP 405 Method Not Allowed");
  }

  static RegistryError subjectNotFound(String subject) {
    return new RegistryError(404, 40401, "Subject '" + subject + "' not found.");
  }

  static RegistryError versionNotFound(int version) {
    return new RegistryError(404, 40402, "Version " + version + " not found.");
  }

  static RegistryError schemaNotFound(String what) {
    return new RegistryError(404, 40403, "Schema " + what + " not found");
  }

  static RegistryError noLevelOf(String subject) {
    return new RegistryError(
        404,
        40408,
        "Subject '" + subject + "' does not have subject-level compatibility configured");
  }

  static RegistryError incompatible(String subject, String details) {
    return new RegistryError(
        409,
        409,
        "Schema being registered is incompatible with an earlier schema for subject \""
            + subject
            + "\", details: "
            + details);
  }

  static RegistryError invalidSchema(String why) {
    return new RegistryError(422, 42201, "Invalid schema: " + why);
  }

  static RegistryError invalidVersion(String version) {
    return new RegistryError(
        422,
        42202,
        "The specified version '"
            + version
            + "' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\"");
  }

  static RegistryError invalidLevel() {
    return new RegistryError(
        422,
        42203,
        "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive,"
            + " forward_transitive, and full_transitive");
  }

  static RegistryError notPermitted(String why) {
    return new RegistryError(422, 42205, why);
  }

  static RegistryError badRequest(String why) {
    return new RegistryError(400, 400, why);
  }

  static RegistryError storeFailed(Throwable cause) {
    RegistryError error =
        new RegistryError(500, 50001, "Error in the backend data store: " + cause.getMessage());
    error.initCause(cause);
    return error;
  }
}
