package io.coppice.console.compare;

import io.coppice.console.compare.RunFigures.Point;
import io.coppice.console.compare.RunFigures.Total;
import java.util.List;
import java.util.function.ToDoubleBiFunction;

/** What accuracy is drawn against. */
enum Axis {
  ESTIMATED_TIME("estimated time", Unit.TIMES, (point, total) -> total.estimatedSeconds()),
  MEASURED_TIME("measured time", Unit.TIMES, (point, total) -> total.seconds()),
  BYTES("bytes sent and read by all agents", Unit.BYTES, (point, total) -> total.bytes()),
  ROUND("round", List.of(new Unit("", 1)), (point, total) -> point.round());

  /**
   * A unit.
   *
   * @param name empty for plain numbers
   * @param size in seconds or bytes
   */
  record Unit(String name, double size) {

    /** Units of times, in ascending order. */
    static final List<Unit> TIMES =
        List.of(new Unit("s", 1), new Unit("min", 60), new Unit("h", 3600));

    /** Units of bytes, in ascending order. */
    static final List<Unit> BYTES =
        List.of(
            new Unit("kB", 1e3), new Unit("MB", 1e6), new Unit("GB", 1e9), new Unit("TB", 1e12));
  }

  /** So many of a unit, and the next larger one is not needed yet: ten minutes are not better called 0.17 hours. */
  private static final double ENOUGH = 3;

  private final String title;
  private final List<Unit> units;
  private final ToDoubleBiFunction<Point, Total> value;

  Axis(String title, List<Unit> units, ToDoubleBiFunction<Point, Total> value) {
    this.title = title;
    this.units = units;
    this.value = value;
  }

  /** What is measured, without unit. */
  String title() {
    return title;
  }

  /** What is measured, with a unit. */
  String title(Unit unit) {
    return unit.name().isEmpty() ? title : title + " (" + unit.name() + ")";
  }

  /** The values of all points of a run, in seconds, bytes or rounds. */
  double[] values(RunFigures run) {
    List<Total> totals = run.totals();
    double[] values = new double[totals.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = value.applyAsDouble(run.points().get(i), totals.get(i));
    }
    return values;
  }

  /** The largest unit of which the longest of the runs has some. */
  Unit unit(List<RunFigures> runs) {
    double longest = 0;
    for (RunFigures run : runs) {
      for (double value : values(run)) {
        longest = Math.max(longest, value);
      }
    }
    Unit chosen = units.getFirst();
    for (Unit unit : units) {
      if (longest >= ENOUGH * unit.size()) {
        chosen = unit;
      }
    }
    return chosen;
  }
}
