package io.coppice.audit.explain;

import io.coppice.audit.Digests;
import io.coppice.audit.explain.Ahead.Found;
import io.coppice.audit.explain.DecisionFacts.Cost;
import io.coppice.audit.explain.DecisionFacts.Importance;
import io.coppice.audit.explain.DecisionFacts.ProbeMeans;
import io.coppice.audit.explain.LayerDecision.ByFate;
import io.coppice.audit.explain.LayerDecision.Figures;
import io.coppice.audit.explain.LayerDecision.Threshold;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.pruning.CostModel;
import io.coppice.pruning.RoundOutcome;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.MaskDecisionFigures;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.PolicyFigure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Sets what a decision has done beside what it has seen. */
final class DecisionExplainer {

  private final RunDefinition run;
  private final Mask before;
  private final Mask after;
  private final Found<MaskPublished> published;
  private final CostModel cost;
  private final Optional<WeightsSeen> seen;
  private final Mask safe;

  /**
   * @param before the mask in force in the round
   * @param after the published mask
   * @param seen empty where the log does not lead to the model
   */
  DecisionExplainer(
      RunDefinition run,
      Mask before,
      Mask after,
      Found<MaskPublished> published,
      Optional<WeightsSeen> seen) {
    this.run = run;
    this.before = before;
    this.after = after;
    this.published = published;
    this.cost = run.cost(published.value());
    this.seen = seen;
    MaskDecisionFigures decision = published.value().getDecision();
    this.safe =
        decision == null || seen.isEmpty()
            ? before
            : seen.get().safe(before, decision.getDecrease());
  }

  /**
   * The decision for the explanation.
   *
   * @param proposedBy the agent whose proposal it is; null where the policy has decided
   * @param probe losses that the decision rests on
   */
  DecisionFacts facts(
      Recomputation recomputation, String proposedBy, Optional<RoundOutcome.Probe> probe) {
    MaskPublished mask = published.value();
    MaskDecisionFigures decision = mask.getDecision();
    List<LayerDecision> layers = new ArrayList<>();
    for (int l = 0; l < run.layout().prunable().size(); l++) {
      layers.add(layer(l));
    }
    Map<String, Double> figures = new TreeMap<>();
    for (PolicyFigure figure : mask.getFigures()) {
      figures.put(figure.getName(), figure.getValue());
    }
    return new DecisionFacts(
        mask.getVersion(),
        mask.getEffectiveRound(),
        mask.getOrigin(),
        proposedBy,
        recomputation,
        before.density(),
        after.density(),
        decision == null ? null : decision.getStopReason(),
        decision == null ? null : decision.getDecrease(),
        decision == null ? null : decision.getObjectiveBefore(),
        decision == null ? null : decision.getObjectiveAfter(),
        importance(layers),
        figures,
        probe.map(p -> new ProbeMeans(p.previous(), p.current(), p.smaller())).orElse(null),
        mask.getProbeDensity(),
        cost(),
        layers,
        Digests.hex(mask.getDigest()),
        published.at().position());
  }

  private Cost cost() {
    CostCoefficients own = published.value().getCost();
    return new Cost(
        cost.name(),
        own != null,
        own == null ? null : own.getFleetQuantile(),
        cost.fixedSeconds(),
        cost.communicationSecondsPerWeight(),
        Arrays.stream(cost.computationSecondsPerWeight()).boxed().toList(),
        cost.roundSeconds(before.keptPerLayer()),
        cost.roundSeconds(after.keptPerLayer()));
  }

  private Importance importance(List<LayerDecision> layers) {
    if (!seen.flatMap(WeightsSeen::measure).equals(Optional.of(Measure.IMPORTANCE))) {
      return null;
    }
    double unprunable = seen.get().unprunableImportance(run.layout());
    double was = unprunable;
    double is = unprunable;
    for (LayerDecision layer : layers) {
      ByFate importance = layer.measures().get(Measure.IMPORTANCE.key());
      double stays = importance.kept().sum() + importance.retained().sum();
      was += stays + importance.removed().sum();
      is += stays + importance.regrown().sum();
    }
    return new Importance(was, is, unprunable);
  }

  private LayerDecision layer(int l) {
    ParameterTensor weight = run.layout().prunable().get(l);
    Map<Fate, Integer> counts = new EnumMap<>(Fate.class);
    for (Fate fate : Fate.values()) {
      counts.put(fate, 0);
    }
    for (int i = 0; i < weight.size(); i++) {
      counts.merge(Fate.of(before, safe, after, l, i), 1, Integer::sum);
    }
    Map<String, ByFate> measures = new LinkedHashMap<>();
    seen.ifPresent(s -> s.measures().forEach(m -> measures.put(m.key(), byFate(s, m, l))));
    ByFate importance = measures.get(Measure.IMPORTANCE.key());
    return new LayerDecision(
        weight.layer(),
        weight.shape(),
        weight.size(),
        before.kept(l),
        counts.get(Fate.KEPT) + counts.get(Fate.RETAINED),
        counts.get(Fate.RETAINED),
        counts.get(Fate.REMOVED),
        counts.get(Fate.REGROWN),
        after.kept(l),
        before.density(l),
        after.density(l),
        cost.secondsPerWeight(l),
        measures,
        importance == null ? null : threshold(importance, cost.secondsPerWeight(l)));
  }

  private ByFate byFate(WeightsSeen weights, Measure measure, int l) {
    ParameterTensor weight = run.layout().prunable().get(l);
    Map<Fate, Sum> sums = new EnumMap<>(Fate.class);
    for (Fate fate : Fate.values()) {
      sums.put(fate, new Sum());
    }
    for (int i = 0; i < weight.size(); i++) {
      sums.get(Fate.of(before, safe, after, l, i)).add(weights.value(measure, weight.offset() + i));
    }
    return new ByFate(
        sums.get(Fate.KEPT).figures(),
        sums.get(Fate.RETAINED).figures(),
        sums.get(Fate.REMOVED).figures(),
        sums.get(Fate.REGROWN).figures(),
        sums.get(Fate.PRUNED).figures());
  }

  private static Threshold threshold(ByFate importance, double seconds) {
    Double taken = least(importance.retained(), importance.regrown());
    Double kept = least(importance.kept(), importance.retained(), importance.regrown());
    Double dropped = most(importance.removed(), importance.pruned());
    return new Threshold(
        perSecond(kept, seconds), perSecond(taken, seconds), perSecond(dropped, seconds));
  }

  private static Double least(Figures... figures) {
    return Arrays.stream(figures)
        .map(Figures::least)
        .filter(java.util.Objects::nonNull)
        .min(Double::compare)
        .orElse(null);
  }

  private static Double most(Figures... figures) {
    return Arrays.stream(figures)
        .map(Figures::most)
        .filter(java.util.Objects::nonNull)
        .max(Double::compare)
        .orElse(null);
  }

  private static Double perSecond(Double importance, double seconds) {
    return importance == null ? null : importance / seconds;
  }

  /** Adds up figures. */
  private static final class Sum {
    private int count;
    private double sum;
    private double least = Double.POSITIVE_INFINITY;
    private double most = Double.NEGATIVE_INFINITY;

    void add(double value) {
      count++;
      sum += value;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }

    Figures figures() {
      return new Figures(count, sum, count == 0 ? null : least, count == 0 ? null : most);
    }
  }
}
