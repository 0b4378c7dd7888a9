package io.coppice.aggregator.observe;

/** A number that one thread sets and a gauge shows; not a number until it is set. */
final class Level {

  private volatile double value = Double.NaN;

  void set(double now) {
    value = now;
  }

  double get() {
    return value;
  }
}
