package io.coppice.console.explain;

import static io.coppice.console.explain.Text.NONE;
import static io.coppice.console.explain.Text.number;
import static io.coppice.console.progress.Figures.bytes;
import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;

import io.coppice.audit.explain.Explanation;
import io.coppice.audit.explain.MaskFacts;
import io.coppice.audit.explain.RoundFacts;
import io.coppice.audit.explain.RoundFacts.Contribution;
import io.coppice.audit.explain.RoundFacts.Opening;
import io.coppice.audit.explain.RoundFacts.Probe;
import io.coppice.audit.explain.RoundFacts.Rejection;
import io.coppice.schemas.CloseReason;
import java.io.PrintWriter;
import java.util.Objects;

/** A round as text: when it was, who took part, and the mask that was in force. */
final class RoundText {

  private final PrintWriter out;

  RoundText(PrintWriter out) {
    this.out = out;
  }

  void print(Explanation explanation) {
    out.printf(
        "Round %d of run %s: network %s, policy %s, rounds %d to %d, closed up to %d%n%n",
        explanation.round(),
        explanation.run(),
        explanation.network(),
        explanation.policy(),
        explanation.firstRound(),
        explanation.lastRound(),
        explanation.lastClosedRound());
    print(explanation.facts());
    print(explanation.mask());
  }

  private void print(RoundFacts facts) {
    String verb = "Opened";
    for (Opening opening : facts.openings()) {
      Text.paragraph(
          out,
          String.format(
              "%s %s for %d agents, with a deadline after %s (%s).",
              verb,
              Text.time(opening.openedAt()),
              opening.participants().size(),
              Text.seconds(opening.openedAt(), opening.deadlineAt()),
              opening.record()));
      verb = "Opened again, as the quorum was not there,";
    }
    Text.paragraph(
        out,
        String.format(
            "Closed %s after %s s, because %s (%s).",
            Text.time(facts.closing().closedAt()),
            number(facts.closing().seconds()),
            facts.closing().reason() == CloseReason.ALL_REPORTED
                ? "all had reported"
                : "the deadline had passed",
            facts.closing().record()));
    Text.paragraph(
        out,
        String.format(
            "Of %d agents asked %d contributed; updates rejected: %s; %s.",
            facts.asked().size(),
            facts.contributions().size(),
            facts.rejections().isEmpty() ? "none" : facts.rejections().size(),
            facts.silent().isEmpty()
                ? "nobody was silent"
                : "silent: " + String.join(", ", facts.silent())));
    out.println();
    printContributions(facts);
    printRejections(facts);
  }

  private void printContributions(RoundFacts facts) {
    boolean probed = facts.contributions().stream().anyMatch(c -> c.probe() != null);
    out.println("Contributions");
    TextTable table =
        new TextTable(
            1, "agent", "weight", "share", "loss", "seconds", "bytes", "signed", "record");
    for (Contribution contribution : facts.contributions()) {
      table.row(
          contribution.agent(),
          count(contribution.weight()),
          decimals(100 * contribution.share(), 1) + " %",
          number(contribution.trainLoss()),
          number(contribution.trainSeconds()),
          contribution.payloadBytes() == null ? NONE : bytes(contribution.payloadBytes()),
          contribution.signed() == null ? NONE : contribution.signed() ? "yes" : "no",
          Objects.requireNonNullElse(contribution.record(), "not in the log"));
    }
    table.row(
        "total",
        count(facts.totalWeight()),
        "100.0 %",
        "",
        "",
        bytes(facts.payloadBytes()),
        "",
        "");
    table.print(out);
    out.println();
    if (probed) {
      printProbes(facts);
    }
  }

  private void printProbes(RoundFacts facts) {
    out.println("Losses that they report before training, of some of their samples");
    TextTable table =
        new TextTable(1, "agent", "samples", "model before", "model now", "smaller model");
    for (Contribution contribution : facts.contributions()) {
      Probe probe = contribution.probe();
      if (probe != null) {
        table.row(
            contribution.agent(),
            probe.samples(),
            number(probe.previous()),
            number(probe.current()),
            number(probe.smaller()));
      }
    }
    table.print(out);
    out.println();
  }

  private void printRejections(RoundFacts facts) {
    if (facts.rejections().isEmpty()) {
      return;
    }
    out.println("Rejected");
    for (Rejection rejection : facts.rejections()) {
      Text.paragraph(
          out,
          String.format(
              "  %s%s: %s at %s. %s (%s, of %s)",
              rejection.agent(),
              rejection.asked() ? "" : ", who was not asked",
              rejection.reason(),
              Text.time(rejection.rejectedAt()),
              rejection.detail(),
              rejection.record(),
              rejection.submission() == null
                  ? "a submission that is not in the log"
                  : rejection.submission()));
    }
    out.println();
  }

  private void print(MaskFacts mask) {
    Text.paragraph(
        out,
        String.format(
            "Mask in force: version %d since round %d, %s (%s). Density %s, %s active parameters; by the cost model a round"
                + " under it takes %s s.",
            mask.version(),
            mask.effectiveRound(),
            origin(mask),
            mask.record(),
            decimals(mask.density(), 4),
            count(mask.activeParameters()),
            number(mask.estimatedSeconds())));
    if (mask.initial() != null) {
      Text.paragraph(
          out,
          String.format(
              "It is the mask that the run starts from, as %s has it: %s.",
              mask.initial().from(), RecomputationText.of(mask.initial().check())));
    }
    TextTable table = new TextTable(2, "layer", "shape", "weights", "active", "density");
    for (MaskFacts.Layer layer : mask.layers()) {
      table.row(
          layer.name(),
          LayerText.shape(layer.shape()),
          count(layer.weights()),
          count(layer.active()),
          decimals(layer.density(), 4));
    }
    table.print(out);
    out.println();
  }

  private static String origin(MaskFacts mask) {
    return switch (mask.origin()) {
      case INITIAL -> "the initial one";
      case INITIAL_PRUNING -> "from initial pruning";
      case RECONFIGURATION -> "decided after round " + (mask.effectiveRound() - 1);
    };
  }
}
