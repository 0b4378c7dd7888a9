package io.coppice.audit.bundle;

/** A directory is no evidence bundle, or none that can be read; the message is one sentence for the user. */
public final class BundleFormatException extends RuntimeException {

  BundleFormatException(String message) {
    super(message);
  }

  BundleFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
