package io.coppice.console.progress;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FiguresTest {

  @Test
  void bytesHaveDecimalUnitsAndThreeFigures() {
    assertThat(Figures.bytes(0)).isEqualTo("0 B");
    assertThat(Figures.bytes(999)).isEqualTo("999 B");
    assertThat(Figures.bytes(1_234)).isEqualTo("1.23 kB");
    assertThat(Figures.bytes(26_400_000)).isEqualTo("26.4 MB");
    assertThat(Figures.bytes(260e9)).isEqualTo("260 GB");
  }

  @Test
  void hoursAreShownWhereThereAreAny() {
    assertThat(Figures.clock(0.4)).isEqualTo("0:00");
    assertThat(Figures.clock(125)).isEqualTo("2:05");
    assertThat(Figures.clock(3599.6)).isEqualTo("1:00:00");
    assertThat(Figures.clock(10_129)).isEqualTo("2:48:49");
  }

  @Test
  void shortDurationsHaveDecimals() {
    assertThat(Figures.duration(0.791)).isEqualTo("0.79 s");
    assertThat(Figures.duration(9.99)).isEqualTo("9.99 s");
    assertThat(Figures.duration(10)).isEqualTo("0:10");
  }

  @Test
  void barsAreAsWideAsTheyShouldBeAtEveryFraction() {
    for (int i = 0; i <= 1000; i++) {
      assertThat(LiveDisplay.bar(i / 1000.0, 20)).hasSize(20);
    }
    assertThat(LiveDisplay.bar(0, 4)).isEqualTo("····");
    assertThat(LiveDisplay.bar(0.5, 4)).isEqualTo("██··");
    assertThat(LiveDisplay.bar(0.625, 4)).isEqualTo("██▌·");
    assertThat(LiveDisplay.bar(1, 4)).isEqualTo("████");
  }
}
