package io.coppice.audit.explain;

/** A round or a layer is asked for that there is not; the message is one sentence that says what there is. */
public final class UnknownSubjectException extends IllegalArgumentException {

  UnknownSubjectException(String message) {
    super(message);
  }
}
