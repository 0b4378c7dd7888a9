package io.coppice.benchmarks;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.kernels.Sweep;
import io.coppice.learning.kernels.Taps;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.RandomMask;
import java.util.BitSet;
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

/**
 * The kernels of a sparse convolution, in the shape of conv2's second: 5 x 5, from 32 to 64 channels, 14 x 14 pixels. The gradient
 * by the input is the forward kernel once more.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class SparseConvolutionBenchmark {

  private static final int INPUTS = 32;
  private static final int OUTPUTS = 64;
  private static final int KERNEL = 5;
  private static final int MARGIN = KERNEL / 2;
  private static final int SIDE = 14;
  private static final int BATCH = 20;

  private static final int RUN = SIDE * BATCH;
  private static final int IN_PITCH = RUN + 2 * MARGIN * BATCH;
  private static final int IN_PLANE = (SIDE + 2 * MARGIN) * IN_PITCH;
  private static final int OUT_PITCH = Kernels.withSlack(RUN);
  private static final int OUT_PLANE = SIDE * OUT_PITCH;
  private static final Sweep SWEEP = new Sweep(SIDE, RUN, IN_PITCH, OUT_PITCH, OUT_PLANE);

  @Param({"0.5", "0.1", "0.01"})
  private double density;

  private final Kernels kernels = Kernels.best();
  private Taps taps;
  private float[] bias;
  private float[] in;
  private float[] out;
  private float[] outGradient;
  private float[] gradient;

  @Setup
  public void draw() {
    ParameterLayout layout =
        ParameterLayout.builder().weight("conv2", List.of(OUTPUTS, INPUTS, KERNEL, KERNEL)).build();
    Mask mask = RandomMask.of(layout, density, 0);
    taps = taps(mask.bits(0), mask.kept());
    RandomValues.fill(taps.values(), 1);
    bias = RandomValues.normal(OUTPUTS, 2);
    in = RandomValues.rectified(INPUTS * IN_PLANE + Kernels.SLACK, 3);
    out = new float[OUTPUTS * OUT_PLANE + Kernels.SLACK];
    outGradient = gradientMaps();
    gradient = new float[mask.kept() + Kernels.SLACK];
  }

  /** The active weights by output channel; the first sees the input from the start of its margin. */
  private static Taps taps(BitSet active, int count) {
    int[] starts = new int[OUTPUTS + 1];
    int[] channels = new int[count];
    int[] offsets = new int[count];
    int k = 0;
    for (int i = active.nextSetBit(0); i >= 0; i = active.nextSetBit(i + 1)) {
      channels[k] = i / (KERNEL * KERNEL) % INPUTS;
      offsets[k] = channels[k] * IN_PLANE + i / KERNEL % KERNEL * IN_PITCH + i % KERNEL * BATCH;
      k++;
      starts[i / (INPUTS * KERNEL * KERNEL) + 1] = k;
    }
    for (int map = 1; map <= OUTPUTS; map++) {
      starts[map] = Math.max(starts[map], starts[map - 1]);
    }
    return new Taps(starts, channels, offsets, INPUTS);
  }

  /** Zero in the slack behind every row. */
  private static float[] gradientMaps() {
    float[] maps = new float[OUTPUTS * OUT_PLANE + Kernels.SLACK];
    float[] values = RandomValues.rectified(OUTPUTS * SIDE * RUN, 4);
    for (int row = 0; row < OUTPUTS * SIDE; row++) {
      System.arraycopy(values, row * RUN, maps, row * OUT_PITCH, RUN);
    }
    return maps;
  }

  @Benchmark
  public float[] forward() {
    kernels.correlate(taps, bias, in, 0, out, 0, SWEEP);
    return out;
  }

  @Benchmark
  public float[] weightGradient() {
    kernels.correlateGradient(taps, in, 0, outGradient, 0, SWEEP, gradient);
    return gradient;
  }
}
