package io.coppice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Every benchmark runs, once, on the smallest network. */
class BenchmarksTest {

  @TempDir private Path temporary;

  @ParameterizedTest
  @CsvSource({
    "LocalTrainingBenchmark, mlp, 2",
    "MaskDecisionBenchmark, lenet5, 1",
    "SparseLinearBenchmark,, 3",
    "SparseConvolutionBenchmark,, 2"
  })
  void runOnce(String benchmark, String network, int methods) throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(benchmark)
            .param("density", "0.1")
            .mode(Mode.SingleShotTime)
            .forks(0)
            .warmupIterations(0)
            .measurementIterations(1)
            .shouldFailOnError(true)
            .output(temporary.resolve("jmh.log").toString());
    if (network != null) {
      options.param("network", network);
    }
    assertThat(new Runner(options.build()).run()).hasSize(methods);
  }
}
