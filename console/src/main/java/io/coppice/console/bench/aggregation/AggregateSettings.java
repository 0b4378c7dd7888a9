package io.coppice.console.bench.aggregation;

import io.coppice.console.UserError;
import io.coppice.console.bench.BenchModel;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.nn.Architecture;
import io.coppice.schemas.TensorEncoding;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * What {@code coppice bench aggregate} is asked for.
 *
 * @param network of {@link BenchModel#networks}
 * @param density active weights / weights in every layer, above 0 and at most 1
 * @param encoding how updates and aggregates travel
 * @param agents numbers of synthetic agents, each 1 to {@value #MAX_AGENTS}; one case each
 * @param instances numbers of aggregator instances, each 1 to {@value #MAX_INSTANCES}; one case each
 * @param threads numbers of stream threads of an instance, each 1 to {@value #MAX_INSTANCES}; one case each
 * @param turns rounds of each kind that are measured in a case, 1 to {@value #MAX_TURNS}
 * @param warmUpTurns rounds of each kind before them that are not, 1 to {@value #MAX_TURNS}
 * @param heapMegabytes heap of an instance, at least 64
 * @param launcher a program and its arguments that start an instance: the instance's command follows them; empty: nothing before it
 * @param guarantees whether to measure at-least-once processing, too
 * @param peer a Python with NumPy
 */
public record AggregateSettings(
    String network,
    double density,
    TensorEncoding encoding,
    List<Integer> agents,
    List<Integer> instances,
    List<Integer> threads,
    int turns,
    int warmUpTurns,
    int heapMegabytes,
    List<String> launcher,
    boolean guarantees,
    Optional<String> peer) {

  static final int MAX_AGENTS = 1000;
  static final int MAX_INSTANCES = 12;
  static final int MAX_TURNS = 1000;

  private static final int MIN_HEAP = 64;
  private static final long SEED = 1;

  /**
   * @throws UserError if a value is out of its range
   */
  public AggregateSettings {
    agents = agents.stream().distinct().toList();
    instances = instances.stream().distinct().toList();
    threads = threads.stream().distinct().toList();
    if (!BenchModel.networks().contains(network)) {
      throw UserError.badInput(
          String.format(
              "--model: there is no benchmark of network '%s': choose from %s.",
              network, String.join(", ", BenchModel.networks())));
    }
    if (!(density > 0 && density <= 1)) {
      throw UserError.badInput("--density is above 0 and at most 1, not " + density + ".");
    }
    agents.forEach(n -> between("--agents", n, MAX_AGENTS));
    instances.forEach(n -> between("--instances", n, MAX_INSTANCES));
    threads.forEach(n -> between("--threads", n, MAX_INSTANCES));
    int most = Collections.max(instances) * Collections.max(threads);
    if (most > MAX_INSTANCES) {
      throw UserError.badInput(
          String.format(
              "--instances times --threads is at most %d, the partitions of a topic, not %d.",
              MAX_INSTANCES, most));
    }
    between("--rounds", turns, MAX_TURNS);
    between("--warm-up", warmUpTurns, MAX_TURNS);
    if (heapMegabytes < MIN_HEAP) {
      throw UserError.badInput(
          "--heap is at least " + MIN_HEAP + " (MiB), not " + heapMegabytes + ".");
    }
  }

  private static void between(String option, int value, int max) {
    if (value < 1 || value > max) {
      throw UserError.badInput(option + " is 1 to " + max + ", not " + value + ".");
    }
  }

  Architecture architecture() {
    return BenchModel.architecture(network);
  }

  /** The mask that all rounds are trained under: weights drawn at random. */
  Mask mask() {
    return RandomMask.of(architecture().layout(), density, SEED);
  }

  /** What is measured, in the order of the tables. */
  List<BenchCase> cases() {
    List<BenchCase> cases = new ArrayList<>();
    for (int agent : agents) {
      for (int instance : instances) {
        for (int thread : threads) {
          cases.add(new BenchCase(agent, instance, thread, BenchCase.Guarantee.EXACTLY_ONCE));
          if (guarantees) {
            cases.add(new BenchCase(agent, instance, thread, BenchCase.Guarantee.AT_LEAST_ONCE));
          }
        }
      }
    }
    return cases;
  }

  /** Rounds of a case: those that are measured and those that warm up, of each kind. */
  int rounds() {
    return 2 * (warmUpTurns + turns);
  }

  /** Bytes of updates that all cases write into the log. */
  long bytesWritten() {
    long update = (long) mask().activeParameters() * bytesPerValue();
    return cases().stream().mapToLong(c -> c.agents() * update * rounds()).sum();
  }

  int bytesPerValue() {
    return switch (encoding) {
      case FLOAT32 -> Float.BYTES;
      case BFLOAT16 -> Short.BYTES;
      case UFLOAT8, SPARSE_UFLOAT8 ->
          throw new IllegalStateException(encoding + " is for importance only");
    };
  }
}
