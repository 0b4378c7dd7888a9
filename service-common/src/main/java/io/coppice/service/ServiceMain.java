package io.coppice.service;

import io.micronaut.runtime.Micronaut;
import jakarta.validation.ConstraintViolationException;
import java.util.stream.Collectors;

/** Starts a service, or says in one sentence on standard error why it cannot and exits with 1. */
public final class ServiceMain {

  private ServiceMain() {}

  /**
   * @param application the service's main class
   */
  public static void start(Class<?> application, String... args) {
    try {
      Micronaut.build(args).mainClass(application).banner(false).start();
    } catch (RuntimeException e) {
      System.err.println(sentence(e));
      System.exit(1);
    }
  }

  /** The message of the deepest cause that was made for people. */
  static String sentence(Throwable failure) {
    String sentence = failure.getMessage();
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof ConstraintViolationException violations) {
        return violations.getConstraintViolations().stream()
            .map(
                v ->
                    "Setting "
                        + v.getPropertyPath()
                        + " is "
                        + v.getInvalidValue()
                        + " but "
                        + v.getMessage()
                        + ".")
            .collect(Collectors.joining(" "));
      }
      if (t instanceof StartException) {
        return t.getMessage();
      }
      if (t.getMessage() != null) {
        sentence = t.getMessage();
      }
    }
    return sentence;
  }
}
