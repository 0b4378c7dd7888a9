package io.coppice.console.tail;

import io.coppice.console.UserError;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Consecutive rounds.
 *
 * @param first at least -1, which is initial pruning
 * @param last at least {@code first}
 */
public record RoundRange(int first, int last) {

  private static final Pattern FORM = Pattern.compile("(-1|\\d{1,9})(?:-(\\d{1,9}))?");

  /**
   * Reads a round such as 10, or a range such as 10-12.
   *
   * @throws UserError if it is neither
   */
  public static RoundRange parse(String text) {
    Matcher form = FORM.matcher(text);
    if (form.matches()) {
      int first = Integer.parseInt(form.group(1));
      int last = form.group(2) == null ? first : Integer.parseInt(form.group(2));
      if (first <= last) {
        return new RoundRange(first, last);
      }
    }
    throw UserError.badInput(
        "--round is a round from -1 (initial pruning) on, or a range such as 10-12, not "
            + text
            + ".");
  }

  boolean contains(int round) {
    return first <= round && round <= last;
  }
}
