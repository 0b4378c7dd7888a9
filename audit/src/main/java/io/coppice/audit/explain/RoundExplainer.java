package io.coppice.audit.explain;

import io.coppice.audit.Digests;
import io.coppice.audit.explain.Ahead.Found;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.pruning.InitialMask;
import io.coppice.pruning.RoundOutcome;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.FoldDetail;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.StartMask;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntUnaryOperator;

/**
 * Explains rounds of a run. Of the log it reads ledger, submissions and masks; for a round that a decision follows also the
 * aggregates up to it, to fold the model that was decided upon. It holds a few models at most.
 */
public final class RoundExplainer {

  private final RunTopics topics;
  private final RunDefinition run;

  public RoundExplainer(EvidenceSource source, RunDefinition run) {
    this.topics = new RunTopics(source, run);
    this.run = run;
  }

  /**
   * Explains a round.
   *
   * @param asked the round; the last closed one if it is empty
   * @param layer name of a prunable layer to go into, if any
   * @throws UnknownSubjectException if there is no such layer, or the round is not closed
   * @throws IllegalStateException if the log does not hold what belongs to the round; the message is one sentence
   */
  public Explanation explain(OptionalInt asked, Optional<String> layer) {
    OptionalInt layerIndex =
        layer.isPresent() ? OptionalInt.of(indexOf(layer.get())) : OptionalInt.empty();
    int lastClosed =
        RoundReader.lastClosed(topics)
            .orElseThrow(
                () ->
                    new UnknownSubjectException(
                        "Run " + run.id() + " has not closed any round yet."));
    int round = asked.orElse(lastClosed);
    if (round < run.firstRound() || round > lastClosed) {
      throw new UnknownSubjectException(
          String.format(
              "Run %s has closed rounds %d to %d, so there is no round %d to explain.",
              run.id(), run.firstRound(), lastClosed, round));
    }
    return explain(round, lastClosed, layerIndex);
  }

  private int indexOf(String layer) {
    List<String> names = run.layout().prunable().stream().map(ParameterTensor::layer).toList();
    if (!names.contains(layer)) {
      throw new UnknownSubjectException(
          String.format(
              "Network %s of run %s has no prunable layer '%s': it has %s.",
              run.architecture().network(), run.id(), layer, String.join(", ", names)));
    }
    return names.indexOf(layer);
  }

  private Explanation explain(int round, int lastClosed, OptionalInt layer) {
    RoundReader ledger = new RoundReader(topics, round);
    MaskReader masks = new MaskReader(topics, ledger.closed().getMaskVersion(), round);
    Mask before = mask(masks.inForce());
    Optional<Seen> seen = masks.following().map(found -> look(round, before, found, ledger));
    return new Explanation(
        run.id(),
        run.architecture().network(),
        run.run().getPruning().getPolicy(),
        run.firstRound(),
        run.lastRound(),
        lastClosed,
        round,
        ledger.facts(),
        maskFacts(masks.inForce(), before),
        seen.map(Seen::facts).orElse(null),
        run.newMaskAfter(round),
        decision(round, r -> r - 1),
        decision(round, r -> r + 1),
        layer.isPresent() ? detail(layer.getAsInt(), before, masks.following(), seen) : null,
        masks.history());
  }

  private Mask mask(Found<MaskPublished> published) {
    return LogTensors.fromLog(run.layout(), published.value().getLayers());
  }

  /** The nearest round in one direction after which a mask is decided; null if there is none. */
  private Integer decision(int round, IntUnaryOperator step) {
    for (int r = step.applyAsInt(round);
        r >= run.firstRound() && r <= run.lastRound();
        r = step.applyAsInt(r)) {
      if (run.newMaskAfter(r)) {
        return r;
      }
    }
    return null;
  }

  private MaskFacts maskFacts(Found<MaskPublished> found, Mask mask) {
    MaskPublished published = found.value();
    List<MaskFacts.Layer> layers = new ArrayList<>();
    for (int l = 0; l < run.layout().prunable().size(); l++) {
      ParameterTensor weight = run.layout().prunable().get(l);
      layers.add(
          new MaskFacts.Layer(
              weight.layer(), weight.shape(), weight.size(), mask.kept(l), mask.density(l)));
    }
    return new MaskFacts(
        published.getVersion(),
        published.getEffectiveRound(),
        published.getOrigin(),
        mask.kept(),
        mask.activeParameters(),
        mask.density(),
        layers,
        run.cost(published).roundSeconds(mask.keptPerLayer()),
        published.getProbeDensity(),
        published.getOrigin() == MaskOrigin.INITIAL ? initial(mask) : null,
        Digests.hex(published.getDigest()),
        found.at().position());
  }

  private MaskFacts.Initial initial(Mask published) {
    StartMask start = run.run().getStart();
    String from =
        start == null
            ? "the policy"
            : String.format("mask %d of run %s", start.getVersion(), start.getRunId());
    return new MaskFacts.Initial(from, initialCheck(published));
  }

  private Recomputation initialCheck(Mask published) {
    try {
      Mask due =
          InitialMask.of(
              run,
              start ->
                  topics
                      .source()
                      .startMask(start)
                      .orElseThrow(
                          () ->
                              new IllegalStateException(
                                  "the log does not hold that mask with the digest that the definition names")));
      return Recomputation.of(due.equals(published) ? List.of() : List.of("layers"));
    } catch (IllegalStateException | IllegalArgumentException e) {
      return Recomputation.impossible(e.getMessage());
    }
  }

  /**
   * A decision that was looked at.
   *
   * @param weights empty where the log does not lead to the model
   */
  private record Seen(DecisionFacts facts, Optional<WeightsSeen> weights) {}

  private Seen look(int round, Mask before, Found<MaskPublished> published, RoundReader ledger) {
    if (published.value().getOrigin() == MaskOrigin.INITIAL_PRUNING) {
      return lookAtProposal(round, before, published, ledger);
    }
    if (!run.decisions().contains(round)) {
      return seen(
          before,
          published,
          Recomputation.different(
              "effectiveRound", "by the run's definition no mask is decided after this round"),
          null,
          Optional.empty(),
          Optional.empty());
    }
    try {
      DecisionReplay.Decided decided = DecisionReplay.decide(topics, round);
      return seen(
          before,
          published,
          DecisionReplay.compare(published.value(), before, decided.decision()),
          null,
          Optional.of(WeightsSeen.of(decided.outcome())),
          decided.outcome().probe());
    } catch (IllegalStateException | IllegalArgumentException e) {
      return seen(
          before,
          published,
          Recomputation.impossible(e.getMessage()),
          null,
          Optional.empty(),
          Optional.empty());
    }
  }

  /** The mask that initial pruning has arrived at is what its only contributor proposes. */
  private Seen lookAtProposal(
      int round, Mask before, Found<MaskPublished> published, RoundReader ledger) {
    Contributor contributor = ledger.closed().getContributors().getFirst();
    List<LayerMask> proposed =
        ledger.submission(contributor).map(submission -> submission.getProposedMask()).orElse(null);
    Recomputation check =
        proposed == null
            ? Recomputation.impossible(
                "the log does not hold what " + contributor.getAgentId() + " has proposed")
            : Recomputation.of(
                proposed.equals(published.value().getLayers()) ? List.of() : List.of("layers"));
    return seen(
        before,
        published,
        check,
        contributor.getAgentId(),
        modelAfter(round).map(WeightsSeen::ofModel),
        Optional.empty());
  }

  private Optional<float[]> modelAfter(int round) {
    try (EvidenceFold fold = new EvidenceFold(topics, FoldDetail.MODEL, folded -> {})) {
      fold.through(round);
      return Optional.of(fold.model().parameters());
    } catch (IllegalStateException e) {
      return Optional.empty();
    }
  }

  private Seen seen(
      Mask before,
      Found<MaskPublished> published,
      Recomputation recomputation,
      String proposedBy,
      Optional<WeightsSeen> weights,
      Optional<RoundOutcome.Probe> probe) {
    DecisionExplainer explainer =
        new DecisionExplainer(run, before, mask(published), published, weights);
    return new Seen(explainer.facts(recomputation, proposedBy, probe), weights);
  }

  private LayerDetail detail(
      int layer, Mask before, Optional<Found<MaskPublished>> following, Optional<Seen> seen) {
    LayerExplainer explainer = new LayerExplainer(before, layer);
    return following
        .map(
            found ->
                explainer.decided(
                    mask(found), run.cost(found.value()), seen.flatMap(Seen::weights)))
        .orElseGet(explainer::undecided);
  }
}
