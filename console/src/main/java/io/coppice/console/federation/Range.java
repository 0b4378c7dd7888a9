package io.coppice.console.federation;

import java.util.function.DoublePredicate;

/**
 * The numbers that a setting may be.
 *
 * @param words the range for people, behind "is"
 * @param contains whether a number lies in it
 */
public record Range(String words, DoublePredicate contains) {

  /** Above 0, and finite. */
  public static final Range POSITIVE =
      new Range("a number above 0", x -> x > 0 && x < Double.POSITIVE_INFINITY);

  /** In (0, 1]. */
  public static final Range FRACTION = new Range("above 0 and at most 1", x -> x > 0 && x <= 1);

  /** In [0, 1]. */
  public static final Range SHARE = new Range("0 to 1", x -> x >= 0 && x <= 1);

  /** From 0 on, and finite. */
  public static final Range NOT_NEGATIVE =
      new Range("at least 0", x -> x >= 0 && x < Double.POSITIVE_INFINITY);

  /** In [0, 1). */
  public static final Range BELOW_ONE = new Range("at least 0 and below 1", x -> x >= 0 && x < 1);

  /** Numbers from one on. */
  public static Range atLeast(long least) {
    return new Range("at least " + least, x -> x >= least);
  }

  /** Numbers from one to another. */
  public static Range between(long least, long most) {
    return new Range(least + " to " + most, x -> x >= least && x <= most);
  }

  /** Any number. */
  public static Range any() {
    return new Range("any number", x -> true);
  }

  /** What to tell the user of a number that does not lie in it. */
  public String sentence(String name, Object value) {
    return name + " is " + words + ", not " + value + ".";
  }
}
