package io.coppice.agent;

import io.coppice.learning.data.BatchSequence;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.Network;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.LargestImportance;
import io.coppice.learning.pruning.ThompsonSampling;
import io.coppice.learning.pruning.Votes;
import io.coppice.learning.training.Evaluation;
import io.coppice.learning.training.Evaluator;
import io.coppice.learning.training.InitialPruner;
import io.coppice.learning.training.LocalUpdate;
import io.coppice.learning.training.RoundGradients;
import io.coppice.learning.training.RoundGradients.Form;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.ModelFold;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.InitialPruning;
import io.coppice.schemas.InitialPruningProgress;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.ProbeLosses;
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
 * What an agent computes on its data: local training, initial pruning, evaluation, and what mask decisions need. The latter is
 * handed over when a round asks for it: importance, accumulated over the rounds since then (PruneFL) or of that round
 * alone where the run says so; the round's gradient; or votes.
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
  private LossProbe probe;
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
   * @param upload whether what the next mask decision needs is handed over
   */
  ClientUpdate train(ModelFold fold, boolean upload) throws InterruptedException {
    int round = fold.nextRound();
    int[] samples = batches.indices(round, training.getLocalSteps(), training.getBatchSize());
    Optional<ProbeLosses> probed = probe(fold, samples);
    RoundGradients gradients = gradients(upload);
    return gate.train(
        run.architecture(),
        run.loss(),
        training.getBatchSize(),
        trainer -> {
          long start = System.nanoTime();
          LocalUpdate update =
              trainer.train(
                  data.train(),
                  samples,
                  training.getLocalSteps(),
                  fold.parameters(),
                  fold.mask(),
                  run.learningRate(round),
                  gradients);
          double seconds = (System.nanoTime() - start) / 1e9;
          tellChoices(trainer.choices());
          return new ClientUpdate(
              round,
              fold.maskVersion(),
              update.samples(),
              update.meanLoss(),
              seconds,
              update.activeDelta(),
              upload ? Optional.of(uploaded(gradients.values(), fold, update)) : Optional.empty(),
              Optional.empty(),
              probed);
        });
  }

  /** What the round's gradients are added to; null if they are not gathered. */
  private RoundGradients gradients(boolean upload) {
    if (accumulated != null) {
      return new RoundGradients(Form.IMPORTANCE, accumulated);
    }
    if (!upload) {
      return null;
    }
    float[] values = new float[run.layout().size()];
    return new RoundGradients(
        run.upload() == DecisionUpload.IMPORTANCE ? Form.IMPORTANCE : Form.MEAN_GRADIENT, values);
  }

  /** What is handed over, from what the round has gathered. */
  private float[] uploaded(float[] gathered, ModelFold fold, LocalUpdate update) {
    return switch (run.upload()) {
      case VOTES -> votes(gathered, fold, update);
      case IMPORTANCE -> importance(gathered, fold);
      default -> gathered;
    };
  }

  /** What the run asks for of the importance; what accumulates does so from nothing again. */
  private float[] importance(float[] gathered, ModelFold fold) {
    float[] importance = gathered.clone();
    if (gathered == accumulated) {
      Arrays.fill(accumulated, 0f);
    }
    Double share = run.run().getPruning().getImportanceShare();
    if (share != null) {
      LargestImportance.keep(fold.mask(), importance, share);
    }
    return importance;
  }

  private float[] votes(float[] gradient, ModelFold fold, LocalUpdate update) {
    float[] trained = fold.parameters().clone();
    fold.mask().scatterAdd(update.activeDelta(), trained);
    double fraction = ThompsonSampling.adjustedFraction(fold.nextRound(), run.decisions().last());
    float[] votes = Votes.of(fold.mask(), trained, gradient, fraction);
    for (int i = 0; i < votes.length; i++) {
      votes[i] *= update.samples();
    }
    return votes;
  }

  private Optional<ProbeLosses> probe(ModelFold fold, int[] samples) throws InterruptedException {
    Double density = fold.mask(fold.maskVersion()).getProbeDensity();
    if (density == null) {
      return Optional.empty();
    }
    if (probe == null) {
      probe = new LossProbe(run, data.train());
    }
    return gate.compute(() -> probe.losses(fold, density, samples));
  }

  /** A round was folded: its model is what the next one is compared with. */
  void folded(FoldedRound round) {
    if (probe != null) {
      probe.folded(round);
    }
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
              Optional.of(result.mask()),
              Optional.empty()));
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
    if (probe != null) {
      probe.close();
    }
  }
}
