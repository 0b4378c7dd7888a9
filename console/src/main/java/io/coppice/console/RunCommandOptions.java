package io.coppice.console;

import java.time.Duration;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** What 'run stop' and 'run resume' have in common. */
final class RunCommandOptions {

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      defaultValue = "",
      showDefaultValue = Visibility.NEVER,
      description = "Why; it stands in the ledger for ever.")
  private String reason;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "How long to wait for the aggregator's answer.")
  private int timeoutSeconds;

  /**
   * Checks the options.
   *
   * @throws UserError naming the one that is not as it should be
   */
  void check() {
    if (timeoutSeconds < 1) {
      throw UserError.badInput("--timeout is at least 1, not " + timeoutSeconds + ".");
    }
  }

  String reason() {
    return reason.strip();
  }

  Duration patience() {
    return Duration.ofSeconds(timeoutSeconds);
  }
}
