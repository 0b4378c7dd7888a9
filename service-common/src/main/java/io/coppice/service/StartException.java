package io.coppice.service;

/** A service cannot start; the message is one sentence fit for an operator. */
public final class StartException extends RuntimeException {

  public StartException(String message, Throwable cause) {
    super(message, cause);
  }
}
