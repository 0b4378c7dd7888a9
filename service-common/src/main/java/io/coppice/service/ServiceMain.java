package io.coppice.service;

import io.micronaut.context.env.PropertySource;
import io.micronaut.runtime.Micronaut;
import jakarta.validation.ConstraintViolationException;
import java.util.Map;
import java.util.stream.Collectors;

/** Starts a service, or says in one sentence on standard error why it cannot and exits with 1. */
public final class ServiceMain {

  /** Which service this process is; the beans of others that are on the class path stay away. */
  public static final String SERVICE = "coppice.service";

  /** Above and below everything that a user sets. */
  private static final int SYSTEM_POSITION = Integer.MAX_VALUE;

  private static final int DEFAULTS_POSITION = Integer.MIN_VALUE;

  private ServiceMain() {}

  /**
   * Starts a service.
   *
   * @param application its main class
   * @param service its name, which the beans that make it up require as {@link #SERVICE}
   * @param httpPort port of its health and metrics unless {@code coppice.http-port} is set
   */
  public static void start(Class<?> application, String service, int httpPort, String... args) {
    try {
      Micronaut.build(args)
          .mainClass(application)
          .propertySources(
              PropertySource.of("defaults", Map.of(SERVICE, service), SYSTEM_POSITION),
              PropertySource.of(
                  "default-port", Map.of("coppice.http-port", httpPort), DEFAULTS_POSITION))
          .banner(false)
          .start();
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
