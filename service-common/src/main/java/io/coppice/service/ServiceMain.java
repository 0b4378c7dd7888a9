package io.coppice.service;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.context.env.Environment;
import io.micronaut.context.env.PropertySource;
import io.micronaut.core.naming.NameUtils;
import io.micronaut.runtime.Micronaut;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Starts a service, or says in one sentence on standard error why it cannot and exits with 1. */
public final class ServiceMain {

  /** A line of Micronaut's message about settings out of range: class, property, what is wrong. */
  private static final Pattern VIOLATION =
      Pattern.compile("^\\s*([\\w.$]+)\\.(\\w+) - (.*)$", Pattern.MULTILINE);

  /** Which service this process is; the beans of others that are on the class path stay away. */
  public static final String SERVICE = "coppice.service";

  /** Positions of settings above and below everything that a user sets. */
  private static final int HIGHEST = Integer.MAX_VALUE;

  private static final int LOWEST = Integer.MIN_VALUE;

  private ServiceMain() {}

  /**
   * Starts a service.
   *
   * @param application its main class
   * @param service its name, which the beans that make it up require as {@link #SERVICE}
   * @param httpPort port of its health and metrics unless {@code coppice.http-port} is set
   */
  public static void start(Class<?> application, String service, int httpPort, String... args) {
    new Launch()
        .args(args)
        .mainClass(application)
        .propertySources(
            PropertySource.of("service", Map.of(SERVICE, service), HIGHEST),
            PropertySource.of("default-port", Map.of("coppice.http-port", httpPort), LOWEST))
        .banner(false)
        .start();
  }

  /** A start whose failure ends with a sentence; Micronaut's own ends with a stack trace in the log. */
  private static final class Launch extends Micronaut {
    @Override
    protected void handleStartupException(Environment environment, Throwable failure) {
      System.err.println(sentence(failure));
      System.exit(1);
    }
  }

  /** The message of the deepest cause that was made for people. */
  private static String sentence(Throwable failure) {
    String sentence = failure.toString();
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof StartException) {
        return t.getMessage();
      }
      if (t.getMessage() != null) {
        sentence = t.getMessage();
      }
    }
    Matcher violation = VIOLATION.matcher(sentence);
    return violation.find()
        ? setting(violation.group(1), violation.group(2)) + " " + violation.group(3) + "."
        : sentence;
  }

  /** A property of a settings class by the name under which it is configured. */
  private static String setting(String type, String property) {
    try {
      ConfigurationProperties prefix =
          Class.forName(type).getAnnotation(ConfigurationProperties.class);
      return prefix == null ? property : prefix.value() + "." + NameUtils.hyphenate(property);
    } catch (ClassNotFoundException e) {
      return property;
    }
  }
}
