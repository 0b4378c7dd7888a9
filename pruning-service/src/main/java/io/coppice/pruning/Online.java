package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.MagnitudePruning;
import io.coppice.learning.pruning.OnlineDensity;
import io.coppice.learning.random.SplitMix64;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.TrainingRun;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Controls the number of weights by how the loss goes ({@link OnlineDensity}); which weights is decided anew after every round, by
 * magnitude. The losses are what agents report of some of their own samples, of the models that a round starts from: with the
 * authors the server tries them on samples that it is sent, after the round. The control therefore works one round later here.
 */
public final class Online implements MaskPolicy {

  private static final long STREAM = SplitMix64.seed("online");

  @Override
  public String name() {
    return "online";
  }

  @Override
  public String summary() {
    return "the largest weights, as many as the loss per second of round time asks for";
  }

  @Override
  public void check(TrainingRun run) {
    PolicyChecks.fullMask(this, run);
    if (run.getEvaluation().getEvery() >= run.getRounds()) {
      throw new IllegalArgumentException(
          String.format(
              "Policy online decides from the second evaluation on, after round %d, so the run needs more than %d rounds.",
              run.getEvaluation().getEvery(), run.getRounds()));
    }
  }

  @Override
  public DecisionSchedule schedule(TrainingRun run) {
    return new DecisionSchedule(
        run.getEvaluation().getEvery(), 1, run.getRounds() - 1, DecisionUpload.NOTHING);
  }

  @Override
  public Decider begin(RunDefinition run) {
    return new Control(run);
  }

  /** What is remembered of one run. */
  private static final class Control implements Decider {
    private final RunDefinition run;
    private final double weights;
    private final OnlineDensity density;

    Control(RunDefinition run) {
      this.run = run;
      this.weights = run.layout().prunableSize();
      this.density = new OnlineDensity(run.layout().prunableSize());
    }

    @Override
    public boolean remembers() {
      return true;
    }

    @Override
    public Decision decide(RoundOutcome round) {
      Map<String, Double> figures = new TreeMap<>();
      Mask mask = round.mask();
      String reason = "no_probe";
      if (round.probe().isPresent()) {
        OnlineDensity.Observation observed = observe(round, round.probe().get());
        SplitMix64 random =
            new SplitMix64(SplitMix64.seed(run.run().getSeed(), STREAM, round.round()));
        reason = density.step(round.round(), observed, random).name().toLowerCase(Locale.ROOT);
        mask = MagnitudePruning.toDensity(run.layout(), round.parameters(), density.k() / weights);
        figures.put("lossPrevious", observed.previousLoss());
        figures.put("loss", observed.loss());
        figures.put("lossAux", observed.auxiliaryLoss());
        figures.put("cost", observed.cost());
        figures.put("costAux", observed.auxiliaryCost());
        figures.put("eta", density.stepSize());
        figures.values().removeIf(figure -> !Double.isFinite(figure));
      }
      figures.put("k", (double) density.k());
      figures.put("kAux", (double) density.auxiliary());
      return Decision.of(mask, reason).with(figures).withProbe(density.auxiliary() / weights);
    }

    /**
     * Both costs are taken by the weights of the auxiliary model and then by the share of the weights again, as the authors' code
     * has it: what a model costs beyond the fixed time falls with the square of its density, nearly.
     */
    private OnlineDensity.Observation observe(RoundOutcome round, RoundOutcome.Probe probe) {
      Mask auxiliary =
          MagnitudePruning.toDensity(run.layout(), round.before(), density.auxiliary() / weights);
      CostModel cost = round.cost();
      double seconds = cost.roundSeconds(auxiliary.keptPerLayer()) - cost.fixedSeconds();
      return new OnlineDensity.Observation(
          probe.previous(),
          probe.current(),
          probe.smaller(),
          cost.fixedSeconds() + density.k() / weights * seconds,
          cost.fixedSeconds() + density.auxiliary() / weights * seconds);
    }
  }
}
