package io.coppice.console.plot;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.audit.explain.MaskHistory;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaskPlotTest {

  private static final int X = 24 + 46; // the left of the first panel's plot
  private static final int PLOT = MaskPanel.WIDTH - 46;

  @TempDir private Path temporary;

  /** Two layers of four units; at round 10 the first unit of the first layer dies. */
  private static MaskHistory history() {
    List<MaskHistory.Layer> layers =
        List.of(
            new MaskHistory.Layer("fc1", List.of(4, 9), 4, 4),
            new MaskHistory.Layer("fc2", List.of(4, 4), 4, 4));
    float[] full = {1, 1, 1, 1};
    float[] dead = {0, 1, 1, 1};
    return new MaskHistory(
        layers,
        List.of(
            new MaskHistory.Entry(0, 0, 1, List.of(1.0, 1.0), new float[][] {full, full}),
            new MaskHistory.Entry(1, 10, 0.9, List.of(0.75, 1.0), new float[][] {dead, full})));
  }

  /** A pixel in the middle of a unit's row in a round; the plot is 20 rounds wide. */
  private static int pixel(BufferedImage sheet, int layer, int unit, int round) {
    int top = 84 + layer * (MaskPanel.HEIGHT + 28) + 92;
    return sheet.getRGB(X + (2 * round + 1) * PLOT / 40, top + (2 * unit + 1) * 164 / 8) & 0xFFFFFF;
  }

  @Test
  void aUnitChangesItsColourWhereItsMaskChanges() {
    BufferedImage sheet = MaskPlot.draw(history(), "run", 3, 19);
    int active = ColourScale.of(1).getRGB() & 0xFFFFFF;
    int nothing = ColourScale.NOTHING.getRGB() & 0xFFFFFF;
    assertThat(pixel(sheet, 0, 0, 9)).isEqualTo(active);
    assertThat(pixel(sheet, 0, 0, 10)).isEqualTo(nothing);
    assertThat(pixel(sheet, 0, 1, 10)).isEqualTo(active);
    assertThat(pixel(sheet, 1, 0, 10)).isEqualTo(active);
    assertThat(pixel(sheet, 0, 0, 19)).isEqualTo(nothing);
  }

  @Test
  void theExplainedRoundIsMarked() {
    BufferedImage there = MaskPlot.draw(history(), "run", 3, 19);
    BufferedImage elsewhere = MaskPlot.draw(history(), "run", 7, 19);
    assertThat(pixel(there, 0, 2, 3)).isNotEqualTo(pixel(elsewhere, 0, 2, 3));
    assertThat(pixel(there, 0, 2, 7)).isNotEqualTo(pixel(elsewhere, 0, 2, 7));
    assertThat(pixel(there, 0, 2, 12)).isEqualTo(pixel(elsewhere, 0, 2, 12));
  }

  @Test
  void thePictureHasAPanelALayer() throws Exception {
    Path file = temporary.resolve("masks.png");
    MaskPlot.write(history(), "run", 3, 19, file);
    BufferedImage sheet = ImageIO.read(file.toFile());
    assertThat(sheet.getWidth()).isEqualTo(2 * 24 + MaskPanel.WIDTH);
    assertThat(sheet.getHeight()).isEqualTo(84 + 2 * (MaskPanel.HEIGHT + 28));
  }

  @Test
  void moreIsFurtherUpTheScale() {
    double last = -1;
    for (double fraction = 0.001; fraction <= 1; fraction += 0.001) {
      assertThat(ColourScale.position(fraction)).isGreaterThan(last);
      last = ColourScale.position(fraction);
      assertThat(ColourScale.of(fraction)).isNotEqualTo(ColourScale.NOTHING);
    }
    assertThat(ColourScale.of(0)).isEqualTo(ColourScale.NOTHING);
  }
}
