package io.coppice.benchmarks;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.kernels.SparseMatrix;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.RandomMask;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The kernels of a sparse linear layer, in the shape of conv2's largest: 3136 inputs, 2048 outputs. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class SparseLinearBenchmark {

  private static final int ROWS = 2048;
  private static final int COLUMNS = 3136;
  private static final int BATCH = 20;

  @Param({"0.5", "0.1", "0.01"})
  private double density;

  private final Kernels kernels = Kernels.best();
  private SparseMatrix matrix;
  private float[] bias;
  private float[] x;
  private float[] y;
  private float[] xGradient;
  private float[] yGradient;
  private float[] gradient;

  @Setup
  public void draw() {
    ParameterLayout layout =
        ParameterLayout.builder().weight("fc1", List.of(ROWS, COLUMNS)).build();
    Mask mask = RandomMask.of(layout, density, 0);
    matrix = SparseMatrix.inBlocks(ROWS, COLUMNS, mask.bits(0).stream().toArray(), BATCH);
    RandomValues.fill(matrix.values(), 1);
    bias = RandomValues.normal(ROWS, 2);
    x = RandomValues.rectified(COLUMNS * BATCH + Kernels.SLACK, 3);
    y = new float[ROWS * BATCH + Kernels.SLACK];
    yGradient = RandomValues.rectified(y.length, 4);
    xGradient = new float[x.length];
    gradient = new float[mask.kept() + Kernels.SLACK];
  }

  @Benchmark
  public float[] forward() {
    kernels.multiply(matrix, bias, x, y, BATCH);
    return y;
  }

  /** Without a step, so that the weights stay what they are. */
  @Benchmark
  public float[] backwardWithUpdate() {
    kernels.backward(matrix, x, yGradient, xGradient, BATCH, 0f);
    return xGradient;
  }

  @Benchmark
  public float[] weightGradient() {
    kernels.multiplyGradient(matrix, x, yGradient, BATCH, gradient);
    return gradient;
  }
}
