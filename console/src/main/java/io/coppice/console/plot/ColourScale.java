package io.coppice.console.plot;

import java.awt.Color;
import java.util.List;

/**
 * Colours for a fraction, from dark violet over green to yellow: viridis of matplotlib, whose steps look equally large to the eye and
 * which grey printing and most kinds of colour blindness keep in order. The scale goes with the square root, because masks differ
 * most where few weights are left; nothing at all has a colour of its own.
 */
final class ColourScale {

  /** For 0. */
  static final Color NOTHING = new Color(0xE3E5E8);

  /** Viridis at equal distances. */
  private static final List<Color> STOPS =
      List.of(
          new Color(0x440154),
          new Color(0x482878),
          new Color(0x3E4989),
          new Color(0x31688E),
          new Color(0x26828E),
          new Color(0x1F9E89),
          new Color(0x35B779),
          new Color(0x6DCD59),
          new Color(0xB4DE2C),
          new Color(0xFDE725));

  private ColourScale() {}

  /** Where a fraction lies on the scale, both in [0, 1]. */
  static double position(double fraction) {
    return Math.sqrt(Math.clamp(fraction, 0, 1));
  }

  /**
   * The colour of a fraction.
   *
   * @param fraction in [0, 1]
   */
  static Color of(double fraction) {
    return fraction <= 0 ? NOTHING : at(position(fraction));
  }

  /** The colour at a place of the scale, in [0, 1]. */
  static Color at(double position) {
    double place = position * (STOPS.size() - 1);
    int stop = Math.min((int) place, STOPS.size() - 2);
    Color low = STOPS.get(stop);
    Color high = STOPS.get(stop + 1);
    double part = place - stop;
    return new Color(
        between(low.getRed(), high.getRed(), part),
        between(low.getGreen(), high.getGreen(), part),
        between(low.getBlue(), high.getBlue(), part));
  }

  private static int between(int low, int high, double part) {
    return (int) Math.round(low + part * (high - low));
  }
}
