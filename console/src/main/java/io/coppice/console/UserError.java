package io.coppice.console;

/** Something that the user can mend; the message is one clear sentence: what, where, what is allowed. */
public final class UserError extends RuntimeException {

  private final int exitCode;

  private UserError(String message, int exitCode, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  /** An option or a file is not as it should be. */
  public static UserError badInput(String message) {
    return new UserError(message, Coppice.BAD_INPUT, null);
  }

  /** An option or a file is not as it should be. */
  public static UserError badInput(String message, Throwable cause) {
    return new UserError(message, Coppice.BAD_INPUT, cause);
  }

  /** The input was right, but it could not be done. */
  public static UserError failed(String message, Throwable cause) {
    return new UserError(message, Coppice.FAILED, cause);
  }

  int exitCode() {
    return exitCode;
  }

  /** What to tell the user about a failure. */
  public static String sentence(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank()
        ? "Something unforeseen failed: " + failure.getClass().getSimpleName() + "."
        : message;
  }
}
