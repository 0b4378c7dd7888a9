package io.coppice.audit;

/** There is no checkpoint that a verification could start from; the message is one sentence. */
public final class UnusableCheckpointException extends RuntimeException {

  UnusableCheckpointException(String message) {
    super(message);
  }
}
