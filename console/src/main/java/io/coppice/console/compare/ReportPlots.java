package io.coppice.console.compare;

import io.coppice.console.compare.RunFigures.MeanGradientNorm;
import io.coppice.console.compare.RunFigures.Point;
import io.coppice.console.plot.Panels;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.Styler.LegendPosition;

/** The figures of a comparison as pictures: the same panels as on the page. */
final class ReportPlots {

  /** Dashes of the first curves in each colour, of the second ones, and so on. */
  private static final List<float[]> DASHES =
      List.of(new float[] {1, 0}, new float[] {8, 5}, new float[] {2, 4});

  private static final float[] BOUND_DASHES = {3, 6};

  /** Density of an empty layer as it is drawn: a logarithmic axis has no zero. */
  private static final double DRAWN_AS_EMPTY = 1e-5;

  /** Axes of density reach down to this at least. */
  private static final double HIGHEST_BOTTOM = 0.1;

  private ReportPlots() {}

  /**
   * Accuracy against every axis, active parameters against rounds and, where a run has them, gradient norms.
   *
   * @throws IOException if the file cannot be written
   */
  static void writeCurves(List<RunFigures> runs, Path file) throws IOException {
    List<XYChart> panels = new ArrayList<>();
    for (Axis axis : Axis.values()) {
      panels.add(accuracy(runs, axis));
    }
    panels.add(activeParameters(runs));
    if (runs.stream().anyMatch(run -> !run.meanGradientNorms().isEmpty())) {
      panels.add(gradientNorms(runs));
    }
    panels.stream()
        .filter(p -> !p.getSeriesMap().isEmpty())
        .findFirst()
        .ifPresent(ReportPlots::showLegend);
    Panels.write(panels, file);
  }

  /**
   * Density of every layer against rounds, one panel a run.
   *
   * @throws IOException if the file cannot be written
   */
  static void writeLayers(List<RunFigures> runs, Path file) throws IOException {
    double lowest =
        runs.stream()
            .flatMap(run -> run.points().stream())
            .flatMap(point -> point.layerDensities().stream())
            .mapToDouble(ReportPlots::drawn)
            .reduce(HIGHEST_BOTTOM, Math::min);
    Panels.write(runs.stream().map(run -> layers(run, lowest)).toList(), file);
  }

  private static void showLegend(XYChart panel) {
    panel.getStyler().setLegendVisible(true);
  }

  private static XYChart accuracy(List<RunFigures> runs, Axis axis) {
    Axis.Unit unit = axis.unit(runs);
    XYChart panel =
        Panels.panel("Accuracy against " + axis.title(), axis.title(unit), "test accuracy");
    for (int r = 0; r < runs.size(); r++) {
      List<Point> points = runs.get(r).points();
      double[] values = axis.values(runs.get(r));
      int[] evaluated =
          IntStream.range(0, values.length).filter(i -> points.get(i).isEvaluated()).toArray();
      Panels.curve(
          panel,
          runs.get(r).policy(),
          IntStream.of(evaluated).mapToDouble(i -> values[i] / unit.size()).toArray(),
          IntStream.of(evaluated).mapToDouble(i -> points.get(i).accuracy()).toArray(),
          Panels.colour(r),
          stroke(r));
    }
    return panel;
  }

  private static XYChart activeParameters(List<RunFigures> runs) {
    XYChart panel = Panels.panel("Active parameters against round", "round", "active parameters");
    panel.getStyler().setYAxisLogarithmic(true);
    for (int r = 0; r < runs.size(); r++) {
      byRound(
          panel,
          runs.get(r).policy(),
          runs.get(r),
          point -> Math.max(1, point.activeParameters()),
          Panels.colour(r),
          stroke(r));
    }
    return panel;
  }

  /** The density of a layer as it is drawn. */
  private static double drawn(double density) {
    return Math.max(DRAWN_AS_EMPTY, density);
  }

  private static XYChart layers(RunFigures run, double lowest) {
    XYChart panel =
        Panels.panel("Density per layer: " + run.policy(), "round", "active / prunable weights");
    panel.getStyler().setYAxisLogarithmic(true);
    panel.getStyler().setYAxisMin(lowest);
    panel.getStyler().setYAxisMax(1.0);
    panel.getStyler().setLegendPosition(LegendPosition.OutsideE);
    showLegend(panel);
    for (int l = 0; l < run.layers().size(); l++) {
      int layer = l;
      byRound(
          panel,
          run.layers().get(l).name(),
          run,
          p -> drawn(p.layerDensities().get(layer)),
          Panels.scale(l, run.layers().size()),
          stroke(0));
    }
    return panel;
  }

  private static void byRound(
      XYChart panel,
      String name,
      RunFigures run,
      ToDoubleFunction<Point> y,
      Color colour,
      BasicStroke stroke) {
    List<Point> points = Panels.corners(run.points(), y);
    Panels.curve(
        panel,
        name,
        points.stream().mapToDouble(Point::round).toArray(),
        points.stream().mapToDouble(y).toArray(),
        colour,
        stroke);
  }

  private static XYChart gradientNorms(List<RunFigures> runs) {
    XYChart panel =
        Panels.panel(
            "Mean squared gradient norm; dotted: c / sqrt(T)", "rounds T", "mean over T rounds");
    panel.getStyler().setXAxisLogarithmic(true);
    panel.getStyler().setYAxisLogarithmic(true);
    for (int r = 0; r < runs.size(); r++) {
      List<MeanGradientNorm> means =
          runs.get(r).meanGradientNorms().stream().filter(mean -> mean.mean() > 0).toList();
      if (means.isEmpty()) {
        continue;
      }
      MeanGradientNorm first = means.getFirst();
      MeanGradientNorm last = means.getLast();
      double[] rounds = means.stream().mapToDouble(MeanGradientNorm::rounds).toArray();
      Panels.curve(
          panel,
          runs.get(r).policy(),
          rounds,
          means.stream().mapToDouble(MeanGradientNorm::mean).toArray(),
          Panels.colour(r),
          stroke(r));
      Panels.curve(
          panel,
          runs.get(r).policy() + ": c / sqrt(T)",
          new double[] {first.rounds(), last.rounds()},
          new double[] {first.mean(), first.boundAfter(last.rounds())},
          Panels.colour(r),
          stroke(1f, BOUND_DASHES));
    }
    return panel;
  }

  private static BasicStroke stroke(int place) {
    return stroke(2f, DASHES.get(place / Panels.colours() % DASHES.size()));
  }

  private static BasicStroke stroke(float width, float[] dashes) {
    return new BasicStroke(width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dashes, 0);
  }
}
