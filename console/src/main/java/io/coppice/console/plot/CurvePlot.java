package io.coppice.console.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Curves as a picture of four panels. */
public final class CurvePlot {

  private static final int WIDTH = 760;
  private static final int HEIGHT = 480;

  /** Distinguishable with most kinds of colour blindness (Okabe and Ito). */
  private static final List<Color> COLOURS =
      List.of(
          new Color(0x0072B2),
          new Color(0xD55E00),
          new Color(0x009E73),
          new Color(0xCC79A7),
          new Color(0xE69F00),
          new Color(0x56B4E9));

  private static final float[] DASHES = {6, 5};

  private CurvePlot() {}

  /**
   * Draws curves. References are dashed and take the colours from the first on, as the others do, so that a reference belongs
   * to the curve at its place.
   *
   * @param file a PNG
   * @throws IOException if it cannot be written
   */
  public static void write(List<Curve> curves, Path file) throws IOException {
    System.setProperty("java.awt.headless", "true");
    List<XYChart> panels =
        List.of(
            accuracy(curves, "round", Curve.Point::round),
            accuracy(curves, "estimated time (s)", Curve.Point::estimatedSeconds),
            accuracy(curves, "sent by all agents (MB)", p -> p.bytesUp() / 1e6),
            density(curves));
    panels.getFirst().getStyler().setLegendVisible(true); // one legend serves all four
    String name = file.toString();
    BitmapEncoder.saveBitmap(
        panels,
        2,
        2,
        name.endsWith(".png") ? name.substring(0, name.length() - 4) : name,
        BitmapEncoder.BitmapFormat.PNG);
  }

  private static XYChart accuracy(
      List<Curve> curves, String axis, ToDoubleFunction<Curve.Point> x) {
    XYChart panel = panel("Accuracy", axis, "test accuracy");
    draw(panel, curves, true, x, Curve.Point::accuracy);
    return panel;
  }

  private static XYChart density(List<Curve> curves) {
    XYChart panel = panel("Density", "round", "active / prunable weights");
    panel.getStyler().setYAxisLogarithmic(true);
    panel.getStyler().setYAxisMax(1.0);
    draw(panel, curves, false, Curve.Point::round, Curve.Point::density);
    return panel;
  }

  private static XYChart panel(String title, String x, String y) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle(x)
            .yAxisTitle(y)
            .build();
    chart.getStyler().setPlotGridLinesColor(new Color(0xDDDDDD));
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setLegendPosition(LegendPosition.InsideSE);
    chart.getStyler().setLegendVisible(false);
    return chart;
  }

  private static void draw(
      XYChart panel,
      List<Curve> curves,
      boolean evaluatedOnly,
      ToDoubleFunction<Curve.Point> x,
      ToDoubleFunction<Curve.Point> y) {
    int ours = 0;
    int references = 0;
    for (Curve curve : curves) {
      List<Curve.Point> points = evaluatedOnly ? curve.evaluated() : corners(curve.points(), y);
      XYSeries series =
          panel.addSeries(
              curve.label(),
              points.stream().mapToDouble(x).toArray(),
              points.stream().mapToDouble(y).toArray());
      int place = curve.reference() ? references++ : ours++;
      series.setMarker(SeriesMarkers.NONE);
      series.setLineColor(COLOURS.get(place % COLOURS.size()));
      series.setLineStyle(
          curve.reference()
              ? new BasicStroke(1.5f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, DASHES, 0)
              : new BasicStroke(2f));
    }
  }

  /** Points at which a level changes, and the first and the last: dashes do not show between points that lie too close. */
  private static List<Curve.Point> corners(
      List<Curve.Point> points, ToDoubleFunction<Curve.Point> y) {
    List<Curve.Point> corners = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      double level = y.applyAsDouble(points.get(i));
      boolean inside = i > 0 && i < points.size() - 1;
      if (!inside
          || y.applyAsDouble(points.get(i - 1)) != level
          || y.applyAsDouble(points.get(i + 1)) != level) {
        corners.add(points.get(i));
      }
    }
    return corners;
  }
}
