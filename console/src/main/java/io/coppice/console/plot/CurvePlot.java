package io.coppice.console.plot;

import java.awt.BasicStroke;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;

/** Curves as a picture of four panels. */
public final class CurvePlot {

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
    List<XYChart> panels =
        List.of(
            accuracy(curves, "round", Curve.Point::round),
            accuracy(curves, "estimated time (s)", Curve.Point::estimatedSeconds),
            accuracy(curves, "sent by all agents (MB)", p -> p.bytesUp() / 1e6),
            density(curves));
    panels.getFirst().getStyler().setLegendVisible(true); // one legend serves all four
    Panels.write(panels, file);
  }

  private static XYChart accuracy(
      List<Curve> curves, String axis, ToDoubleFunction<Curve.Point> x) {
    XYChart panel = Panels.panel("Accuracy", axis, "test accuracy");
    draw(panel, curves, true, x, Curve.Point::accuracy);
    return panel;
  }

  private static XYChart density(List<Curve> curves) {
    XYChart panel = Panels.panel("Density", "round", "active / prunable weights");
    panel.getStyler().setYAxisLogarithmic(true);
    panel.getStyler().setYAxisMax(1.0);
    draw(panel, curves, false, Curve.Point::round, Curve.Point::density);
    return panel;
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
      List<Curve.Point> points =
          evaluatedOnly ? curve.evaluated() : Panels.corners(curve.points(), y);
      int place = curve.reference() ? references++ : ours++;
      Panels.curve(
          panel,
          curve.label(),
          points.stream().mapToDouble(x).toArray(),
          points.stream().mapToDouble(y).toArray(),
          Panels.colour(place),
          curve.reference()
              ? new BasicStroke(1.5f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, DASHES, 0)
              : new BasicStroke(2f));
    }
  }
}
