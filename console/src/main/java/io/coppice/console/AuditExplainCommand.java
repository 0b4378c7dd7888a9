package io.coppice.console;

import io.coppice.audit.explain.Explanation;
import io.coppice.audit.explain.RoundExplainer;
import io.coppice.audit.explain.UnknownSubjectException;
import io.coppice.console.explain.ExplanationJson;
import io.coppice.console.explain.ExplanationText;
import io.coppice.console.plot.MaskPlot;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice audit explain}. */
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    header = "Tell who made a round, and why the mask after it is as it is.",
    description = {
      "",
      "Says when a round was opened and closed, who contributed with which weight, who was rejected and why, and who was"
          + " silent. Where a mask was decided after it, the decision is made again from the log: what it saw of every layer,"
          + " what it kept, removed and let grow again, by which cost, and whether it is the mask that was published.",
      ""
    },
    footer = {
      "",
      "Example:",
      "  coppice audit explain --dir demo --round 50 --layer fc1 --png masks.png"
    })
final class AuditExplainCommand implements Callable<Integer> {

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "RUN",
      description = "The run; the newest if it is not given.")
  private String runId;

  @ArgGroup(exclusive = true)
  private EvidenceOption evidence = new EvidenceOption();

  @Option(
      names = "--round",
      paramLabel = "R",
      description = "The round, -1 for initial pruning; the last closed one if it is not given.")
  private Integer round;

  @Option(
      names = "--layer",
      paramLabel = "NAME",
      description = "Go into one prunable layer, output unit by output unit.")
  private String layer;

  @Option(names = "--json", description = "Print JSON (docs/audit.md) instead of text.")
  private boolean json;

  @Option(
      names = "--png",
      paramLabel = "FILE",
      description = "Draw the masks of all layers over the rounds of the run.")
  private Path png;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    if (png != null) {
      WholeFile.checkWritable("--png", png);
    }
    Explanation explanation;
    try (EvidenceOption.Open open = evidence.open()) {
      explanation =
          new RoundExplainer(open.source(), open.run(runId))
              .explain(
                  round == null ? OptionalInt.empty() : OptionalInt.of(round),
                  Optional.ofNullable(layer));
    } catch (UnknownSubjectException e) {
      throw UserError.badInput(e.getMessage(), e);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(ExplanationJson.of(explanation));
    } else {
      ExplanationText.print(explanation, out);
    }
    out.flush();
    if (png != null) {
      draw(explanation);
    }
    return 0;
  }

  private void draw(Explanation explanation) {
    try {
      MaskPlot.write(
          explanation.history(),
          explanation.run(),
          explanation.round(),
          explanation.lastClosedRound(),
          png);
    } catch (IOException e) {
      throw UserError.failed("The picture cannot be written to " + png + ": " + e.getMessage(), e);
    }
  }
}
