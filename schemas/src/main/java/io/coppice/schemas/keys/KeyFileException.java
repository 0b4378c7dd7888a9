package io.coppice.schemas.keys;

/** A key file cannot be used. The message is one sentence that names the file and what is wrong, fit for a user. */
public final class KeyFileException extends IllegalArgumentException {

  public KeyFileException(String message) {
    super(message);
  }

  public KeyFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
