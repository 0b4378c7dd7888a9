package io.coppice.learning.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.nn.Architecture;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class CrossoversTest {

  @Test
  void theCrossoverIsWhereTheLineMeetsTheDenseTime() {
    // The line 3 + 10 x density.
    assertThat(Crossovers.crossover(5.5, 9, 7)).isCloseTo(0.4, within(1e-9));
    assertThat(Crossovers.crossover(5.5, 9, 2)).isZero();
    assertThat(Crossovers.crossover(5.5, 9, 20)).isEqualTo(1);
  }

  @Test
  void timesThatDoNotGrowWithTheDensityAreComparedAsTheyAre() {
    assertThat(Crossovers.crossover(5, 5, 6)).isEqualTo(1);
    assertThat(Crossovers.crossover(5, 4, 3)).isZero();
  }

  @Test
  void everyPrunableLayerHasACrossover() {
    Architecture architecture = Architecture.of("lenet5", 1, 12, 12, 3);
    KernelPolicy policy = Crossovers.measure(architecture, 3, Duration.ZERO);
    assertThat(policy.byLayer())
        .containsOnlyKeys("conv1", "conv2", "fc1", "fc2", "fc3")
        .allSatisfy((layer, crossover) -> assertThat(crossover).isBetween(0.0, 1.0));
  }

  @Test
  void aChoiceHasAName() {
    assertThat(KernelChoice.named("usual")).isEqualTo(KernelChoice.USUAL);
    assertThatThrownBy(() -> KernelChoice.named("fast"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("There are no kernels \"fast\": choose one of measured, usual, dense, sparse.");
  }
}
