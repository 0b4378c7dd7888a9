package io.coppice.console.plot;

import io.coppice.console.WholeFile;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** How all our pictures look: panels of one size and style, in rows of two, with the same colour for the same curve everywhere. */
public final class Panels {

  private static final int WIDTH = 760;
  private static final int HEIGHT = 480;
  private static final int COLUMNS = 2;

  /** Pixels between the labels of an axis, so that they do not touch each other. */
  private static final int LABEL_SPACING = 110;

  /** Distinguishable with most kinds of colour blindness (Okabe and Ito). */
  private static final List<Color> COLOURS =
      List.of(
          new Color(0x0072B2),
          new Color(0xD55E00),
          new Color(0x009E73),
          new Color(0xCC79A7),
          new Color(0xE69F00),
          new Color(0x56B4E9));

  /** Stops of a scale that can be told from black and from white everywhere. */
  private static final List<Color> SCALE =
      List.of(new Color(0x3B5BDB), new Color(0x0CA678), new Color(0xE69F00), new Color(0xD6336C));

  private Panels() {}

  /** Number of different colours. */
  public static int colours() {
    return COLOURS.size();
  }

  /** The colour of the curve at a place, from 0; places behind the last colour begin again with the first. */
  public static Color colour(int place) {
    return COLOURS.get(place % COLOURS.size());
  }

  /**
   * The colour of something that stands in an order, such as a layer: from blue for the first to red for the last.
   *
   * @param place from 0
   * @param count of all places
   */
  public static Color scale(int place, int count) {
    double at = count < 2 ? 0 : (double) place / (count - 1) * (SCALE.size() - 1);
    int stop = Math.min((int) at, SCALE.size() - 2);
    Color low = SCALE.get(stop);
    Color high = SCALE.get(stop + 1);
    double part = at - stop;
    return new Color(
        between(low.getRed(), high.getRed(), part),
        between(low.getGreen(), high.getGreen(), part),
        between(low.getBlue(), high.getBlue(), part));
  }

  private static int between(int low, int high, double part) {
    return (int) Math.round(low + part * (high - low));
  }

  /** An empty panel without a legend. */
  public static XYChart panel(String title, String x, String y) {
    System.setProperty("java.awt.headless", "true");
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
    chart.getStyler().setXAxisTickMarkSpacingHint(LABEL_SPACING);
    return chart;
  }

  /** Adds a curve; none without points, which a panel cannot hold. */
  public static void curve(
      XYChart panel, String name, double[] x, double[] y, Color colour, BasicStroke stroke) {
    if (x.length == 0) {
      return;
    }
    XYSeries series = panel.addSeries(name, x, y);
    series.setMarker(SeriesMarkers.NONE);
    series.setLineColor(colour);
    series.setLineStyle(stroke);
  }

  /** Points at which a level changes, and the first and the last: dashes do not show between points that lie too close. */
  public static <P> List<P> corners(List<P> points, ToDoubleFunction<P> y) {
    List<P> corners = new ArrayList<>();
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

  /**
   * Writes panels as one PNG, whole or not at all.
   *
   * @param panels at least one
   * @throws IOException if it cannot be written
   */
  public static void write(List<XYChart> panels, Path file) throws IOException {
    int columns = Math.min(COLUMNS, panels.size());
    int rows = (panels.size() + columns - 1) / columns;
    BufferedImage sheet =
        new BufferedImage(columns * WIDTH, rows * HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = sheet.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
    for (int p = 0; p < panels.size(); p++) {
      BufferedImage panel = BitmapEncoder.getBufferedImage(panels.get(p));
      graphics.drawImage(panel, p % columns * WIDTH, p / columns * HEIGHT, null);
    }
    graphics.dispose();
    WholeFile.write(file, part -> ImageIO.write(sheet, "png", part.toFile()));
  }
}
