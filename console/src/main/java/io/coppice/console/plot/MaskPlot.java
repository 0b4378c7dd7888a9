package io.coppice.console.plot;

import io.coppice.audit.explain.MaskHistory;
import io.coppice.console.WholeFile;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;

/** The masks of a run as a picture: a panel a prunable layer, one legend for all. */
public final class MaskPlot {

  static final Color INK = new Color(0x24292F);
  static final Color FAINT = new Color(0x6E7781);

  private static final int MARGIN = 24;
  private static final int HEADER = 84;
  private static final int GAP = 28;

  /** Layers up to this number stand below each other, more in two columns. */
  private static final int ONE_COLUMN = 3;

  private static final int LEGEND = 300;

  private MaskPlot() {}

  /**
   * Draws masks.
   *
   * @param run id of the run, for the title
   * @param round is marked
   * @param lastRound up to which the last mask is drawn; a mask that takes effect later is drawn as well
   * @param file a PNG, written whole or not at all
   * @throws IOException if it cannot be written
   */
  public static void write(MaskHistory history, String run, int round, int lastRound, Path file)
      throws IOException {
    BufferedImage sheet = draw(history, run, round, lastRound);
    WholeFile.write(file, part -> ImageIO.write(sheet, "png", part.toFile()));
  }

  /**
   * Draws masks.
   *
   * @param history at least one mask
   */
  static BufferedImage draw(MaskHistory history, String run, int round, int lastRound) {
    System.setProperty("java.awt.headless", "true");
    int columns = history.layers().size() > ONE_COLUMN ? 2 : 1;
    int rows = (history.layers().size() + columns - 1) / columns;
    BufferedImage sheet =
        new BufferedImage(
            2 * MARGIN + columns * MaskPanel.WIDTH + (columns - 1) * GAP,
            HEADER + rows * (MaskPanel.HEIGHT + GAP),
            BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = sheet.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
    drawHeader(graphics, history, run, sheet.getWidth());
    MaskPanel panel = new MaskPanel(history, round, lastRound);
    for (int l = 0; l < history.layers().size(); l++) {
      graphics.translate(
          MARGIN + l % columns * (MaskPanel.WIDTH + GAP),
          HEADER + l / columns * (MaskPanel.HEIGHT + GAP));
      panel.draw(graphics, l);
      graphics.translate(
          -MARGIN - l % columns * (MaskPanel.WIDTH + GAP),
          -HEADER - l / columns * (MaskPanel.HEIGHT + GAP));
    }
    graphics.dispose();
    return sheet;
  }

  private static void drawHeader(Graphics2D graphics, MaskHistory history, String run, int width) {
    graphics.setColor(INK);
    graphics.setFont(font(Font.BOLD, 17));
    graphics.drawString("Masks of run " + run, MARGIN, 34);
    graphics.setFont(font(Font.PLAIN, 12));
    graphics.setColor(FAINT);
    graphics.drawString(
        String.format(
            Locale.ROOT,
            "density %.3f to %.3f in %d masks; above each panel the layer's density, from 0 to 1",
            history.masks().getFirst().density(),
            history.masks().getLast().density(),
            history.masks().size()),
        MARGIN,
        56);
    drawLegend(graphics, width - MARGIN - LEGEND);
  }

  private static void drawLegend(Graphics2D graphics, int left) {
    int top = 26;
    int height = 14;
    for (int x = 0; x < LEGEND; x++) {
      graphics.setColor(ColourScale.at((double) x / (LEGEND - 1)));
      graphics.fillRect(left + x, top, 1, height);
    }
    int swatch = 26;
    graphics.setColor(ColourScale.NOTHING);
    graphics.fillRect(left - swatch - 10, top, swatch, height);
    graphics.setFont(font(Font.PLAIN, 11));
    graphics.setColor(FAINT);
    centred(graphics, "0", left - 10 - swatch / 2, top + height + 14);
    for (double tick : new double[] {0.01, 0.1, 0.25, 0.5, 0.75, 1}) {
      int x = left + (int) Math.round(ColourScale.position(tick) * (LEGEND - 1));
      graphics.drawLine(x, top + height, x, top + height + 3);
      centred(graphics, tick == 1 ? "1" : String.valueOf(tick), x, top + height + 14);
    }
    graphics.setColor(INK);
    graphics.setFont(font(Font.PLAIN, 12));
    graphics.drawString("fraction of a unit's weights that is active", left - swatch - 10, top - 7);
  }

  static Font font(int style, int size) {
    return new Font(Font.SANS_SERIF, style, size);
  }

  static void centred(Graphics2D graphics, String text, int x, int baseline) {
    graphics.drawString(text, x - graphics.getFontMetrics().stringWidth(text) / 2, baseline);
  }

  static void rightAligned(Graphics2D graphics, String text, int x, int baseline) {
    graphics.drawString(text, x - graphics.getFontMetrics().stringWidth(text), baseline);
  }
}
