package io.coppice.benchmarks;

import io.coppice.console.CoppiceHome;
import io.coppice.console.bench.BenchModel;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.training.LocalTrainer;
import io.coppice.learning.training.LocalUpdate;
import io.coppice.learning.training.RoundGradients;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** An agent's local training in a round: the time of a step, with its share of what is done once a round. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(1)
public class LocalTrainingBenchmark {

  private static final int STEPS = 5;
  private static final int BATCH = 20;

  @Param({"conv2", "lenet5", "mlp", "vgg11"})
  private String network;

  /** In every layer. */
  @Param({"1", "0.5", "0.1", "0.01"})
  private double density;

  private BenchModel model;
  private Mask mask;
  private LocalTrainer trainer;
  private int[] indices;
  private RoundGradients importance;

  @Setup
  public void open() {
    model = BenchModel.of(network, CoppiceHome.resolve("data", "mnist"));
    mask = RandomMask.of(model.architecture().layout(), density, 0);
    trainer = new LocalTrainer(model.architecture(), model.loss(), BATCH);
    indices = model.indices(STEPS * BATCH);
    importance =
        new RoundGradients(RoundGradients.Form.IMPORTANCE, new float[model.parameters().length]);
  }

  @TearDown
  public void close() {
    trainer.close();
  }

  @Benchmark
  @OperationsPerInvocation(STEPS)
  public LocalUpdate train() {
    return trainer.train(
        model.data(), indices, STEPS, model.parameters(), mask, model.learningRate(), null);
  }

  @Benchmark
  @OperationsPerInvocation(STEPS)
  public LocalUpdate trainWithImportance() {
    return trainer.train(
        model.data(), indices, STEPS, model.parameters(), mask, model.learningRate(), importance);
  }
}
