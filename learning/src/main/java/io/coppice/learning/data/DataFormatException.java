package io.coppice.learning.data;

/** A file does not hold what it should. The message is one sentence that names the file and what is wrong, fit for a user. */
public final class DataFormatException extends IllegalArgumentException {

  public DataFormatException(String message) {
    super(message);
  }

  public DataFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
