package io.coppice.console.definition;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: a whole number and a unit, such as 60s, 5m or 1h. */
final class Durations {

  private static final Pattern FORM = Pattern.compile("(\\d{1,15})(ms|s|m|h|d)");
  private static final Map<String, Long> MILLIS =
      Map.of("ms", 1L, "s", 1000L, "m", 60_000L, "h", 3_600_000L, "d", 86_400_000L);
  private static final List<String> LARGEST_FIRST = List.of("d", "h", "m", "s", "ms");

  /** The longest that is allowed: what is added to a time of the log stays a time. */
  static final long MOST_MILLIS = 365 * 86_400_000L;

  private Durations() {}

  /** In milliseconds, 1 to {@link #MOST_MILLIS}; empty if it is anything else. */
  static Optional<Long> parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      return Optional.empty();
    }
    long number = Long.parseLong(form.group(1));
    long unit = MILLIS.get(form.group(2));
    return number >= 1 && number <= MOST_MILLIS / unit
        ? Optional.of(number * unit)
        : Optional.empty();
  }

  /** The same in the largest unit that it is a whole number of. */
  static String format(long millis) {
    String unit =
        LARGEST_FIRST.stream().filter(u -> millis % MILLIS.get(u) == 0).findFirst().orElseThrow();
    return millis / MILLIS.get(unit) + unit;
  }
}
