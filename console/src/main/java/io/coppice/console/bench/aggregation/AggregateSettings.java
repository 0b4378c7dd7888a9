package io.coppice.console.bench.aggregation;

import io.coppice.console.UserError;
import io.coppice.console.bench.BenchModel;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.nn.Architecture;
import io.coppice.schemas.TensorEncoding;
import java.util.ArrayList;
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
 * @param threads stream threads of an instance, at least 1
 * @param turns rounds of each kind that are measured in a case, at least 1
 * @param heapMegabytes heap of an instance, at least 64
 * @param guarantees whether to measure at-least-once processing, too
 * @param peer a Python with NumPy
 */
public record AggregateSettings(
    String network,
    double density,
    TensorEncoding encoding,
    List<Integer> agents,
    List<Integer> instances,
    int threads,
    int turns,
    int heapMegabytes,
    boolean guarantees,
    Optional<String> peer) {

  static final int MAX_AGENTS = 1000;
  static final int MAX_INSTANCES = 12;

  private static final int MIN_HEAP = 64;
  private static final long SEED = 1;

  /**
   * @throws UserError if a value is out of its range
   */
  public AggregateSettings {
    agents = agents.stream().distinct().toList();
    instances = instances.stream().distinct().toList();
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
    between("--threads", threads, MAX_INSTANCES);
    between("--rounds", turns, 1000);
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
        cases.add(new BenchCase(agent, instance, threads, BenchCase.Guarantee.EXACTLY_ONCE));
        if (guarantees) {
          cases.add(new BenchCase(agent, instance, threads, BenchCase.Guarantee.AT_LEAST_ONCE));
        }
      }
    }
    return cases;
  }

  /** Rounds of a case: those that are measured, and one of each kind to warm up. */
  int rounds() {
    return 2 * (turns + 1);
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
