package io.coppice.pruning;

import io.coppice.learning.pruning.CostModel;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.CostProfile;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a round costs the fleet, from what its agents have measured: each coefficient of the cost model is a quantile of the
 * agents' own. A round ends when the last agent it waits for is done, so by quantile 1, the slowest, the masks fit all; a lower
 * one keeps a few slow devices, or one that overstates its costs, from deciding for all.
 *
 * <p>A quantile q of n values is the ceil(q x n)-th smallest of them: a value that an agent has measured.
 */
final class FleetCost {

  private static final Logger LOG = LoggerFactory.getLogger(FleetCost.class);

  /** Above any device's, and far below what would overflow a sum. */
  private static final double MAX_SECONDS = 1e9;

  private FleetCost() {}

  /**
   * The cost model that the next mask is decided with.
   *
   * @param run whose cost is measured
   * @param fleet the agents as they last joined; those without a usable profile do not count
   * @return empty if no agent has a usable profile
   */
  static Optional<CostCoefficients> of(RunDefinition run, Collection<AgentJoined> fleet) {
    List<CostModel> measured = new ArrayList<>();
    for (AgentJoined agent : fleet) {
      CostProfile profile = agent.getCostProfile();
      if (profile != null) {
        Optional<String> fault = fault(profile, run.layout().prunable().size());
        if (fault.isEmpty()) {
          measured.add(run.cost(agent.getAgentId(), profile));
        } else {
          LOG.warn(
              "run {}: the cost profile of {} is left out: {}",
              run.id(),
              agent.getAgentId(),
              fault.get());
        }
      }
    }
    if (measured.isEmpty()) {
      return Optional.empty();
    }
    double quantile = run.fleetQuantile().orElseThrow();
    return Optional.of(
        CostCoefficients.newBuilder()
            .setName(String.format("measured by %d of %d agents", measured.size(), fleet.size()))
            .setFixedSeconds(quantile(quantile, measured, CostModel::fixedSeconds))
            .setCommunicationSecondsPerWeight(
                quantile(quantile, measured, CostModel::communicationSecondsPerWeight))
            .setComputationSecondsPerWeight(
                IntStream.range(0, run.layout().prunable().size())
                    .mapToObj(
                        l -> quantile(quantile, measured, m -> m.computationSecondsPerWeight()[l]))
                    .toList())
            .setFleetQuantile(quantile)
            .build());
  }

  private static double quantile(
      double quantile, List<CostModel> measured, ToDoubleFunction<CostModel> coefficient) {
    double[] sorted = measured.stream().mapToDouble(coefficient).sorted().toArray();
    return sorted[(int) Math.ceil(quantile * sorted.length) - 1];
  }

  /** What is wrong with a profile, if anything is. */
  private static Optional<String> fault(CostProfile profile, int layers) {
    List<Double> perWeight = profile.getComputationSecondsPerWeight();
    if (perWeight.size() != layers) {
      return Optional.of(
          String.format(
              "it is of %d prunable layers, the run's network has %d.", perWeight.size(), layers));
    }
    if (!isTime(profile.getFixedSeconds()) || !perWeight.stream().allMatch(FleetCost::isTime)) {
      return Optional.of(
          String.format(
              "its times must lie between 0 and %.0f s, but are %s s fixed and %s s a weight.",
              MAX_SECONDS, profile.getFixedSeconds(), perWeight));
    }
    double speed = profile.getBytesPerSecond();
    if (!(speed >= 1 && speed < Double.POSITIVE_INFINITY)) {
      return Optional.of(
          String.format("its link must carry at least 1 byte a second, not %s.", speed));
    }
    return Optional.empty();
  }

  private static boolean isTime(double seconds) {
    return seconds >= 0 && seconds <= MAX_SECONDS;
  }
}
