package io.coppice.agent;

import io.coppice.learning.data.BatchSequence;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.Network;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.training.Evaluation;
import io.coppice.learning.training.Evaluator;
import io.coppice.learning.training.InitialPruner;
import io.coppice.learning.training.LocalUpdate;
import io.coppice.replay.ModelFold;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.InitialPruning;
import io.coppice.schemas.InitialPruningProgress;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.RoundEvaluated;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an agent computes on its data: local training with importance, initial pruning, evaluation. Importance is handed over
 * when a round asks for it: accumulated over the rounds since then (PruneFL section IV-B), or of that round alone where the run
 * says so.
 */
final class LocalWork implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LocalWork.class);

  /** Local rounds of initial pruning between two reports. */
  private static final int REPORT_EVERY = 10;

  private final RunDefinition run;
  private final String agentId;
  private final AgentData data;
  private final ComputeGate gate;
  private final CostModel cost;
  private final BatchSequence batches;
  private final LocalTraining training;

  /** Accumulated since the last upload, all parameters in layout order; null where nothing is accumulated. */
  private final float[] accumulated;

  private Evaluator evaluator;
  private List<Network.LayerChoice> choices = List.of();

  /**
   * @param cost what a round costs, for the decisions of initial pruning
   */
  LocalWork(RunDefinition run, String agentId, AgentData data, ComputeGate gate, CostModel cost) {
    this.run = run;
    this.agentId = agentId;
    this.data = data;
    this.gate = gate;
    this.cost = cost;
    this.training = run.run().getTraining();
    this.batches = new BatchSequence(data.train().size(), run.run().getSeed(), agentId);
    this.accumulated = run.accumulatesImportance() ? new float[run.layout().size()] : null;
  }

  /** The largest weight that this agent will claim. */
  long maxWeight() {
    InitialPruning initial = run.run().getInitialPruning();
    return Math.max(run.samplesPerRound(), initial == null ? 0 : initial.getSamples());
  }

  /**
   * Trains for the round that starts from the fold's model.
   *
   * @param upload whether importance is handed over
   */
  ClientUpdate train(ModelFold fold, boolean upload) throws InterruptedException {
    int round = fold.nextRound();
    float[] importance = importance(upload);
    return gate.train(
        run.architecture(),
        run.loss(),
        training.getBatchSize(),
        trainer -> {
          long start = System.nanoTime();
          LocalUpdate update =
              trainer.train(
                  data.train(),
                  batches.indices(round, training.getLocalSteps(), training.getBatchSize()),
                  training.getLocalSteps(),
                  fold.parameters(),
                  fold.mask(),
                  run.learningRate(round),
                  importance);
          double seconds = (System.nanoTime() - start) / 1e9;
          tellChoices(trainer.choices());
          return new ClientUpdate(
              round,
              fold.maskVersion(),
              update.samples(),
              update.meanLoss(),
              seconds,
              update.activeDelta(),
              upload ? Optional.of(taken(importance)) : Optional.empty(),
              Optional.empty());
        });
  }

  /** What the round's importance is added to; null if it is not computed. */
  private float[] importance(boolean upload) {
    return upload && accumulated == null ? new float[run.layout().size()] : accumulated;
  }

  private float[] taken(float[] importance) {
    if (importance != accumulated) {
      return importance;
    }
    float[] taken = accumulated.clone();
    Arrays.fill(accumulated, 0f);
    return taken;
  }

  /** How the prunable layers were computed in the last round; empty before the first one. */
  List<Network.LayerChoice> choices() {
    return choices;
  }

  private void tellChoices(List<Network.LayerChoice> now) {
    if (choices.isEmpty() || !sparseLayers(now).equals(sparseLayers(choices))) {
      LOG.info(
          "agent {} computes by their active weights {}; by ND4J {}",
          agentId,
          describe(now, true),
          describe(now, false));
    }
    choices = now;
  }

  private static Set<String> sparseLayers(List<Network.LayerChoice> of) {
    return of.stream()
        .filter(Network.LayerChoice::sparse)
        .map(Network.LayerChoice::layer)
        .collect(Collectors.toSet());
  }

  private static String describe(List<Network.LayerChoice> of, boolean sparse) {
    String layers =
        of.stream()
            .filter(choice -> choice.sparse() == sparse)
            .map(c -> String.format(Locale.ROOT, "%s (density %.3f)", c.layer(), c.density()))
            .collect(Collectors.joining(", "));
    return layers.isEmpty() ? "none" : layers;
  }

  /**
   * Prunes the initial model on this agent's data.
   *
   * @param report told every few local rounds
   * @param cancelled asked after every local round
   * @return the update; empty if it was cancelled
   */
  Optional<ClientUpdate> pruneInitially(
      ModelFold fold, Consumer<InitialPruningProgress> report, BooleanSupplier cancelled)
      throws InterruptedException {
    InitialPruning stage = run.run().getInitialPruning();
    Dataset samples = data.initialPruning().orElse(data.train());
    InitialPruner.Config config =
        new InitialPruner.Config(
            stage.getSamples(),
            stage.getMaxRounds(),
            stage.getEvaluateEvery(),
            stage.getDecideEvery(),
            stage.getStartAccuracy(),
            stage.getStableTolerance(),
            stage.getStableDecisions(),
            run.run().getPruning().getMaxDecrease(),
            training.getBatchSize(),
            training.getLearningRate());
    InitialPruner.Progress progress =
        (localRound, trainAccuracy, decisions, density) -> {
          if (cancelled.getAsBoolean()) {
            throw new InterruptedException("Initial pruning was cancelled.");
          }
          if (localRound % REPORT_EVERY == 0) {
            report.accept(
                InitialPruningProgress.newBuilder()
                    .setAgentId(agentId)
                    .setLocalRound(localRound)
                    .setTrainAccuracy(trainAccuracy)
                    .setDecisions(decisions)
                    .setDensity(density)
                    .build());
          }
        };
    long start = System.nanoTime();
    try (InitialPruner pruner =
        new InitialPruner(
            run.architecture(),
            run.loss(),
            config,
            gate.policy(run.architecture(), training.getBatchSize()))) {
      InitialPruner.Result result =
          gate.compute(() -> prune(pruner, samples, fold.parameters(), progress));
      float[] delta = result.parameters();
      for (int i = 0; i < delta.length; i++) {
        delta[i] -= fold.parameters()[i];
      }
      return Optional.of(
          new ClientUpdate(
              fold.nextRound(),
              fold.maskVersion(),
              Math.min(stage.getSamples(), samples.size()),
              0,
              (System.nanoTime() - start) / 1e9,
              fold.mask().gather(delta),
              Optional.empty(),
              Optional.of(result.mask())));
    } catch (CancellationException e) {
      return Optional.empty();
    }
  }

  private InitialPruner.Result prune(
      InitialPruner pruner, Dataset samples, float[] initial, InitialPruner.Progress progress) {
    try {
      return pruner.prune(samples, initial, cost, run.run().getSeed(), progress);
    } catch (InterruptedException e) {
      CancellationException cancelled = new CancellationException("Initial pruning was cancelled.");
      cancelled.initCause(e);
      throw cancelled;
    }
  }

  /** Evaluates the fold's model on the hold-out. */
  RoundEvaluated evaluate(ModelFold fold, int round) {
    if (evaluator == null) {
      evaluator = new Evaluator(run.architecture(), run.loss());
    }
    long start = System.nanoTime();
    Evaluation result =
        evaluator.evaluate(fold.parameters(), fold.mask(), data.holdOut().orElseThrow());
    return RoundEvaluated.newBuilder()
        .setRound(round)
        .setEvaluator(agentId)
        .setSamples(Math.toIntExact(result.samples()))
        .setAccuracy(result.accuracy())
        .setLoss(result.meanLoss())
        .setDensity(fold.mask().density())
        .setSeconds((System.nanoTime() - start) / 1e9)
        .build();
  }

  @Override
  public void close() {
    if (evaluator != null) {
      evaluator.close();
    }
  }
}
