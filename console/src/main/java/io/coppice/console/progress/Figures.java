package io.coppice.console.progress;

import java.util.Locale;

/** Figures for people. */
public final class Figures {

  private static final String[] BYTE_UNITS = {"B", "kB", "MB", "GB", "TB"};

  private Figures() {}

  /** Bytes in decimal units, such as 26.4 MB. */
  public static String bytes(double bytes) {
    int unit = 0;
    double value = bytes;
    while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    return String.format(
        Locale.ROOT,
        value < 10 && unit > 0 ? "%.2f %s" : value < 100 && unit > 0 ? "%.1f %s" : "%.0f %s",
        value,
        BYTE_UNITS[unit]);
  }

  /** A duration as minutes and seconds, such as 2:05, with hours before them where there are any, such as 1:02:05. */
  public static String clock(double seconds) {
    long whole = Math.round(seconds);
    return whole < 3600
        ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }

  /** A duration for comparing: as {@link #clock}, below ten seconds with two decimals, such as 0.79 s. */
  public static String duration(double seconds) {
    return seconds < 10 ? decimals(seconds, 2) + " s" : clock(seconds);
  }

  /** A number with thousands separated by commas. */
  public static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  /** A number of things, such as 1 mask or 1,501 updates. */
  public static String count(long number, String thing) {
    return count(number) + " " + thing + (number == 1 ? "" : "s");
  }

  /** A number with a fixed count of decimals. */
  public static String decimals(double number, int decimals) {
    return String.format(Locale.ROOT, "%." + decimals + "f", number);
  }
}
