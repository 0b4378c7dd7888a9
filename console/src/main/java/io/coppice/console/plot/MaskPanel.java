package io.coppice.console.plot;

import static io.coppice.console.plot.MaskPlot.centred;
import static io.coppice.console.plot.MaskPlot.font;
import static io.coppice.console.plot.MaskPlot.rightAligned;

import io.coppice.audit.explain.MaskHistory;
import io.coppice.audit.explain.MaskHistory.Entry;
import io.coppice.audit.explain.MaskHistory.Layer;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Path2D;
import java.util.List;
import java.util.Locale;

/**
 * One layer over the rounds: its density as a line, and below it a row a bin of output units whose colour says what is active in
 * each round.
 */
final class MaskPanel {

  static final int WIDTH = 620;
  static final int HEIGHT = 294;

  private static final int LEFT = 46;
  private static final int STRIP_TOP = 42;
  private static final int STRIP = 36;
  private static final int MAP_TOP = STRIP_TOP + STRIP + 14;
  private static final int MAP = 164;
  private static final int MAP_BOTTOM = MAP_TOP + MAP;
  private static final int PLOT = WIDTH - LEFT;

  /** Rows of at least this height are set apart by a line. */
  private static final int SEPARATED = 6;

  private static final int X_TICKS = 8;
  private static final int Y_TICKS = 6;

  private static final Color LINE = new Color(0x0B5CAD);
  private static final Color FILL = new Color(0xDCE9F7);
  private static final Color MARK = new Color(0xD6336C);

  private final List<Layer> layers;
  private final List<Entry> masks;
  private final int round;
  private final int first;
  private final int end;

  /**
   * @param round is marked
   * @param lastRound up to which the last mask is drawn, unless it takes effect later
   */
  MaskPanel(MaskHistory history, int round, int lastRound) {
    this.layers = history.layers();
    this.masks = history.masks();
    this.round = round;
    this.first = masks.getFirst().effectiveRound();
    this.end = Math.max(lastRound, masks.getLast().effectiveRound()) + 1;
  }

  /** Draws a layer's panel from the origin on. */
  void draw(Graphics2D graphics, int layer) {
    drawTitle(graphics, layer);
    drawDensity(graphics, layer);
    drawMasks(graphics, layer);
    drawUnits(graphics, layers.get(layer));
    drawRounds(graphics);
    drawMark(graphics);
  }

  private void drawTitle(Graphics2D graphics, int layer) {
    Layer shown = layers.get(layer);
    graphics.setColor(MaskPlot.INK);
    graphics.setFont(font(Font.BOLD, 14));
    graphics.drawString(shown.name(), LEFT, 16);
    int behind = LEFT + graphics.getFontMetrics().stringWidth(shown.name()) + 10;
    graphics.setFont(font(Font.PLAIN, 12));
    graphics.setColor(MaskPlot.FAINT);
    int weights = shown.shape().stream().skip(1).reduce(1, Math::multiplyExact);
    graphics.drawString(
        String.format(Locale.ROOT, "%,d output units of %,d weights", shown.units(), weights),
        behind,
        16);
    rightAligned(
        graphics,
        String.format(
            Locale.ROOT,
            "density %.3f to %.3f",
            masks.getFirst().layerDensities().get(layer),
            masks.getLast().layerDensities().get(layer)),
        WIDTH,
        16);
  }

  private void drawDensity(Graphics2D graphics, int layer) {
    Path2D line = new Path2D.Double();
    for (int m = 0; m < masks.size(); m++) {
      double y = STRIP_TOP + STRIP * (1 - masks.get(m).layerDensities().get(layer));
      if (m == 0) {
        line.moveTo(from(m), y);
      } else {
        line.lineTo(from(m), y);
      }
      line.lineTo(from(m + 1), y);
    }
    Path2D area = new Path2D.Double(line);
    area.lineTo(WIDTH, STRIP_TOP + STRIP);
    area.lineTo(LEFT, STRIP_TOP + STRIP);
    area.closePath();
    graphics.setColor(FILL);
    graphics.fill(area);
    graphics.setColor(LINE);
    graphics.setStroke(new BasicStroke(1.8f));
    graphics.draw(line);
    graphics.setStroke(new BasicStroke(1));
    graphics.setColor(MaskPlot.FAINT);
    graphics.drawLine(LEFT, STRIP_TOP + STRIP, WIDTH - 1, STRIP_TOP + STRIP);
    graphics.setFont(font(Font.PLAIN, 11));
    rightAligned(graphics, "1", LEFT - 6, STRIP_TOP + 5);
    rightAligned(graphics, "0", LEFT - 6, STRIP_TOP + STRIP + 1);
  }

  private void drawMasks(Graphics2D graphics, int layer) {
    for (int m = 0; m < masks.size(); m++) {
      float[] active = masks.get(m).active()[layer];
      int x = from(m);
      for (int b = 0; b < active.length; b++) {
        int y = row(b, active.length);
        graphics.setColor(ColourScale.of(active[b]));
        graphics.fillRect(x, y, from(m + 1) - x, row(b + 1, active.length) - y);
      }
    }
    int bins = layers.get(layer).bins();
    if (MAP / bins >= SEPARATED) {
      graphics.setColor(Color.WHITE);
      for (int b = 1; b < bins; b++) {
        graphics.drawLine(LEFT, row(b, bins), WIDTH - 1, row(b, bins));
      }
    }
  }

  private static int row(int bin, int bins) {
    return MAP_TOP + bin * MAP / bins;
  }

  /** Where a mask begins to the left; for the one behind the last, the end. */
  private int from(int mask) {
    return x(mask == masks.size() ? end : masks.get(mask).effectiveRound());
  }

  private int x(int atRound) {
    return LEFT + (int) Math.round((double) (atRound - first) / (end - first) * PLOT);
  }

  private void drawUnits(Graphics2D graphics, Layer layer) {
    graphics.setColor(MaskPlot.FAINT);
    graphics.setFont(font(Font.PLAIN, 11));
    int step = step(layer.units(), Y_TICKS);
    for (int unit = 0; unit < layer.units(); unit += step) {
      int y = MAP_TOP + (int) ((unit + 0.5) * MAP / layer.units());
      graphics.drawLine(LEFT - 4, y, LEFT - 1, y);
      rightAligned(graphics, String.valueOf(unit), LEFT - 6, y + 4);
    }
    var upright = graphics.getTransform();
    graphics.rotate(-Math.PI / 2, 11, MAP_TOP + MAP / 2.0);
    centred(graphics, "output unit", 11, MAP_TOP + MAP / 2 + 4);
    graphics.setTransform(upright);
  }

  private void drawRounds(Graphics2D graphics) {
    graphics.setColor(MaskPlot.FAINT);
    graphics.setFont(font(Font.PLAIN, 11));
    int step = step(end - first, X_TICKS);
    for (int r = Math.ceilDiv(first, step) * step; r < end; r += step) {
      int x = (x(r) + x(r + 1)) / 2;
      graphics.drawLine(x, MAP_BOTTOM, x, MAP_BOTTOM + 4);
      centred(graphics, String.valueOf(r), x, MAP_BOTTOM + 17);
    }
    centred(graphics, "round", LEFT + PLOT / 2, MAP_BOTTOM + 33);
  }

  /** A line through the round, with a border that sets it off from any colour below. */
  private void drawMark(Graphics2D graphics) {
    int x = (x(round) + x(round + 1)) / 2;
    graphics.setColor(Color.WHITE);
    graphics.setStroke(new BasicStroke(4));
    graphics.drawLine(x, MAP_TOP, x, MAP_BOTTOM - 1);
    graphics.setColor(MARK);
    graphics.setStroke(new BasicStroke(2));
    graphics.drawLine(x, STRIP_TOP - 6, x, MAP_BOTTOM - 1);
    graphics.setStroke(new BasicStroke(1));
    graphics.setFont(font(Font.BOLD, 11));
    String label = "round " + round;
    int half = graphics.getFontMetrics().stringWidth(label) / 2;
    centred(graphics, label, Math.clamp(x, LEFT + half, WIDTH - half), STRIP_TOP - 9);
  }

  /** A distance of 1, 2 or 5 times a power of ten at which no more than so many ticks are needed. */
  private static int step(int range, int ticks) {
    for (int power = 1; ; power *= 10) {
      for (int factor : new int[] {1, 2, 5}) {
        if (Math.ceilDiv(range, power * factor) <= ticks) {
          return power * factor;
        }
      }
    }
  }
}
