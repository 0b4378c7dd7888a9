package io.coppice.console;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import java.nio.file.Path;
import org.slf4j.LoggerFactory;

/** Where the log lines of the command go: to a file, so that the terminal shows the run and nothing else. */
final class LogFile {

  private static final String PATTERN = "%d{ISO8601} %-5level [%thread] %logger{30} - %msg%n%ex";

  private LogFile() {}

  /** Sends log lines to a file from now on. */
  static void open(Path file) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern(PATTERN);
    encoder.start();
    FileAppender<ILoggingEvent> appender = new FileAppender<>();
    appender.setContext(context);
    appender.setFile(file.toString());
    appender.setEncoder(encoder);
    appender.start();
    context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(appender);
    context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
    context.getLogger("io.coppice").setLevel(Level.INFO);
  }

  /** Writes a failure with its stack trace to the log, if there is one: the user is told only a sentence. */
  static void record(Throwable failure) {
    LoggerFactory.getLogger(Coppice.class).error("the command failed", failure);
  }
}
