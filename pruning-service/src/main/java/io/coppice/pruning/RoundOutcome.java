package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.pruning.CostModel;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.ProbeLosses;
import java.util.List;
import java.util.Optional;

/**
 * What a mask is decided from: a closed round. Vectors have one value a parameter, in layout order, and are not to be changed.
 *
 * @param cost what a round costs
 * @param round from 0
 * @param mask the mask that was in force
 * @param totalWeight samples that the contributors processed
 * @param before the model that the round started from; pruned parameters with their last value
 * @param delta what the round added to it; 0 for pruned parameters
 * @param parameters the model after the round
 * @param upload what the agents have uploaded ({@link io.coppice.schemas.DecisionUpload}), summed; null if the run asks for nothing
 * @param probe the losses that they have reported; empty if none has
 */
@SuppressWarnings("ArrayRecordComponent") // the vectors of a model: handed over, never compared
public record RoundOutcome(
    RunDefinition run,
    CostModel cost,
    int round,
    Mask mask,
    long totalWeight,
    float[] before,
    float[] delta,
    float[] parameters,
    float[] upload,
    Optional<Probe> probe) {

  /**
   * Training losses, mean over the samples that the round's contributors have tried, before their local training.
   *
   * @param previous of the model that the round before started from
   * @param current of the model that this round starts from
   * @param smaller of that model with fewer weights ({@link Decision#probeDensity})
   */
  public record Probe(double previous, double current, double smaller) {}

  /**
   * What a folded round comes to.
   *
   * @param parameters the model after it
   */
  public static RoundOutcome of(
      RunDefinition run, CostModel cost, FoldedRound round, float[] parameters) {
    return new RoundOutcome(
        run,
        cost,
        round.round(),
        round.mask(),
        round.closed().getContributors().stream().mapToLong(Contributor::getWeight).sum(),
        round.before(),
        round.delta(),
        parameters,
        round.upload(),
        probe(round.probes()));
  }

  private static Optional<Probe> probe(List<ProbeLosses> reported) {
    long samples = 0;
    double previous = 0;
    double current = 0;
    double smaller = 0;
    for (ProbeLosses losses : reported) {
      if (!Double.isFinite(losses.getPrevious() + losses.getCurrent() + losses.getSmaller())) {
        continue; // one agent whose training diverges, or who lies, does not stop the control
      }
      samples += losses.getSamples();
      previous += losses.getSamples() * losses.getPrevious();
      current += losses.getSamples() * losses.getCurrent();
      smaller += losses.getSamples() * losses.getSmaller();
    }
    return samples == 0
        ? Optional.empty()
        : Optional.of(new Probe(previous / samples, current / samples, smaller / samples));
  }
}
