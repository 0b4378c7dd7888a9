package io.coppice.agent;

/**
 * The run does not take this agent, and will not however often it asks. The message is one sentence that says why and what to do,
 * fit for an operator.
 */
final class RefusedException extends RuntimeException {

  private static final long serialVersionUID = 1;

  RefusedException(String message) {
    super(message);
  }
}
