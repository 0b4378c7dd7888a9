package io.coppice.console.bench;

import io.coppice.console.UserError;
import java.util.List;
import java.util.Optional;

/**
 * What {@code coppice bench train} is asked for.
 *
 * @param networks of {@link BenchModel#networks}; {@value #ALL} for all of them
 * @param densities each above 0 and at most 1
 * @param batch images of a step or a forward pass, at least 1
 * @param repeats repetitions that a figure is the median of, at least 1
 * @param importance whether to measure, too, what collecting importance adds
 * @param agents how many networks to measure, too, at the same time, at least 1, which is none besides
 * @param inference whether to time forward passes instead of steps
 * @param peer a Python with PyTorch
 */
public record BenchSettings(
    List<String> networks,
    List<Double> densities,
    int batch,
    int repeats,
    boolean importance,
    int agents,
    boolean inference,
    Optional<String> peer) {

  /** In the place of the networks' names. */
  private static final String ALL = "all";

  /**
   * @throws UserError if a value is out of its range
   */
  public BenchSettings {
    networks =
        networks.equals(List.of(ALL))
            ? List.copyOf(BenchModel.networks())
            : networks.stream().distinct().toList();
    densities = densities.stream().distinct().toList();
    for (String network : networks) {
      if (!BenchModel.networks().contains(network)) {
        throw UserError.badInput(
            String.format(
                "--networks: there is no benchmark of network '%s': choose from %s, or all.",
                network, String.join(", ", BenchModel.networks())));
      }
    }
    for (double density : densities) {
      if (!(density > 0 && density <= 1)) {
        throw UserError.badInput("--densities are above 0 and at most 1, not " + density + ".");
      }
    }
    atLeastOne("--batch", batch);
    atLeastOne("--repeats", repeats);
    atLeastOne("--agents", agents);
    if (importance && inference) {
      throw UserError.badInput(
          "--importance is about training: it cannot be given with --inference.");
    }
  }

  private static void atLeastOne(String option, int value) {
    if (value < 1) {
      throw UserError.badInput(option + " is at least 1, not " + value + ".");
    }
  }

  Workload workload() {
    return new Workload(inference ? Workload.Kind.INFERENCE : Workload.Kind.STEP, batch);
  }
}
