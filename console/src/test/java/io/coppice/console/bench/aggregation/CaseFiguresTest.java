package io.coppice.console.bench.aggregation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CaseFiguresTest {

  private static final BenchCase BENCH = new BenchCase(10, 1, 1, BenchCase.Guarantee.EXACTLY_ONCE);

  @Test
  void figuresAreMediansOfTheRoundsOfTheirKind() {
    CaseFigures figures =
        new CaseFigures(
            BENCH,
            List.of(
                new RoundFigures(100_000_000, 1, 0.1, 0.5, 0.5),
                new RoundFigures(100_000_000, 2, 0.1, 0.3, 0.5),
                new RoundFigures(100_000_000, 0.5, 0.1, 0.4, 0.5)),
            List.of(
                new RoundFigures(100_000_000, 4, 0.2, 0.5, 0.5),
                new RoundFigures(100_000_000, 2, 0.4, 0.5, 0.5)),
            0.01,
            0.02,
            100);

    assertThat(figures.megabytesPerSecond()).isEqualTo(100);
    assertThat(figures.cpuMillisPerMegabyte()).isEqualTo(4);
    assertThat(figures.busyProcessors()).isEqualTo(1);
    assertThat(figures.liveMegabytesPerSecond()).isEqualTo(37.5);
    assertThat(figures.roundsPerSecond()).isEqualTo(1 / 3.0);
    assertThat(figures.latencySeconds()).isEqualTo((0.2 + 0.4) / 2);
    assertThat(figures.worstLatencySeconds()).isEqualTo(0.4);
  }
}
