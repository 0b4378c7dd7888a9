package io.coppice.benchmarks;

import io.coppice.console.bench.BenchModel;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.CostModels;
import io.coppice.learning.pruning.MaskDecision;
import io.coppice.learning.random.SplitMix64;
import java.util.OptionalDouble;
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

/** One mask decision: 6.6 million weights in conv2, 9.7 million in vgg11. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(1)
public class MaskDecisionBenchmark {

  private static final long SEED = 0;
  private static final int LOCAL_STEPS = 5;

  /** The fraction of active weights that the first decision of a PruneFL run sets aside. */
  private static final double DECREASE = 0.3;

  /** Importance spreads over several orders of magnitude: standard deviation of its logarithm. */
  private static final double SPREAD = 2;

  @Param({"conv2", "vgg11"})
  private String network;

  /** Of the mask in force, in every layer. */
  @Param({"1", "0.1"})
  private double density;

  private Mask mask;
  private float[] parameters;
  private float[] importance;
  private CostModel cost;

  @Setup
  public void draw() {
    Architecture architecture = BenchModel.architecture(network);
    mask = RandomMask.of(architecture.layout(), density, SEED);
    SplitMix64 random = new SplitMix64(SEED);
    parameters = new float[architecture.layout().size()];
    importance = new float[parameters.length];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = (float) random.nextGaussian();
      importance[i] = (float) Math.exp(SPREAD * random.nextGaussian());
    }
    cost =
        CostModels.named(
            "paper", architecture.layout(), architecture.outputPositions(), LOCAL_STEPS);
  }

  @Benchmark
  public MaskDecision.Result decide() {
    return MaskDecision.decide(
        mask, parameters, importance, cost, DECREASE, OptionalDouble.empty());
  }
}
