package io.coppice.console.access;

/** A file of users or rights is not as it should be. The message is one sentence that names file and line. */
public final class UnreadableFileException extends RuntimeException {

  private static final long serialVersionUID = 1;

  UnreadableFileException(String message) {
    super(message);
  }

  UnreadableFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
