package io.coppice.console.federation;

import java.util.Optional;

/** How many agents are asked in a round, as users say it: a number, or with a decimal point a fraction of all. */
public final class ParticipantCount {

  private ParticipantCount() {}

  /**
   * Reads it.
   *
   * @param agents all of them, at least 1
   * @return 1 to all; empty if the text says anything else
   */
  public static Optional<Integer> parse(String text, int agents) {
    try {
      boolean fraction = text.contains(".");
      double wanted = Double.parseDouble(text);
      if (wanted > 0 && wanted <= (fraction ? 1 : agents) && (fraction || wanted % 1 == 0)) {
        return Optional.of((int) Math.ceil(fraction ? wanted * agents : wanted));
      }
    } catch (NumberFormatException e) {
      // Said by the caller, as for a number that is out of range.
    }
    return Optional.empty();
  }

  /** What to tell the user of something else. */
  public static String sentence(String name, String text, int agents) {
    return String.format(
        "%s is a number of agents, 1 to %d, or a fraction of them above 0.0 and at most 1.0, not '%s'.",
        name, agents, text);
  }
}
