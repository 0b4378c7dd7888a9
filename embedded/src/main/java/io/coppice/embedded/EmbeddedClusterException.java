package io.coppice.embedded;

/** The embedded broker or registry cannot be started or has failed; the message is one sentence fit for a user. */
public final class EmbeddedClusterException extends RuntimeException {

  EmbeddedClusterException(String message) {
    super(message);
  }

  EmbeddedClusterException(String message, Throwable cause) {
    super(message, cause);
  }
}
