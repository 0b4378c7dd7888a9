package io.coppice.agent;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.model.Mask;
import io.coppice.learning.pruning.MagnitudePruning;
import io.coppice.learning.training.Evaluator;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.ModelFold;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.ProbeLosses;
import java.util.Arrays;
import java.util.Optional;

/**
 * Tries three models on a few samples before a round's training, for policies that control the density by how the loss goes: the
 * model that the round before started from, the present one, and the present one with fewer weights. Only the losses leave the
 * device.
 */
final class LossProbe implements AutoCloseable {

  /** Of the round's samples, the first; as many as the authors of PruneFL pool from each client for their online baseline. */
  private static final int SAMPLES = 5;

  private final RunDefinition run;
  private final Dataset data;
  private final Evaluator evaluator;

  /** The last folded round; null before the first. */
  private FoldedRound previous;

  LossProbe(RunDefinition run, Dataset data) {
    this.run = run;
    this.data = data;
    this.evaluator = new Evaluator(run.architecture(), run.loss(), SAMPLES);
  }

  void folded(FoldedRound round) {
    previous = round;
  }

  /**
   * Tries the models.
   *
   * @param fold of which the round starts
   * @param density of every layer of the smaller model, in (0, 1]
   * @param samples of the round, indices into the data
   * @return empty if the model of the round before is not known
   */
  Optional<ProbeLosses> losses(ModelFold fold, double density, int[] samples) {
    if (previous == null || previous.before() == null || previous.round() != fold.nextRound() - 1) {
      return Optional.empty();
    }
    Dataset tried = data.subset(Arrays.copyOf(samples, Math.min(SAMPLES, samples.length)));
    Mask smaller = MagnitudePruning.toDensity(run.layout(), fold.parameters(), density);
    return Optional.of(
        ProbeLosses.newBuilder()
            .setSamples(tried.size())
            .setPrevious(evaluator.evaluate(previous.before(), previous.mask(), tried).meanLoss())
            .setCurrent(evaluator.evaluate(fold.parameters(), fold.mask(), tried).meanLoss())
            .setSmaller(evaluator.evaluate(fold.parameters(), smaller, tried).meanLoss())
            .build());
  }

  @Override
  public void close() {
    evaluator.close();
  }
}
