package io.coppice.console;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.coppice.audit.diff.DiffResult;
import io.coppice.audit.diff.RunDiff;
import io.coppice.console.diff.DiffJson;
import io.coppice.console.diff.DiffText;
import io.coppice.console.progress.ProgressLine;
import io.coppice.replay.RunDefinition;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice audit diff}: where two runs part. */
@Command(
    name = "diff",
    mixinStandardHelpOptions = true,
    header = "Find the first round, shard and parameter in which two runs part.",
    description = {
      "",
      "Compares the definitions, and then round by round contributors, masks and aggregates. Masks and aggregates decide: exit code"
          + " 0 if they are the same bits as far as both runs go, 1 if they part.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  coppice audit diff run-1 run-2 --dir coppice-data",
      "  coppice audit diff run-1 run-1 --dir coppice-data --with-bundle evidence"
    })
final class AuditDiffCommand implements Callable<Integer> {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  @Parameters(index = "0", paramLabel = "RUN1", description = "A run.")
  private String first;

  @Parameters(
      index = "1",
      paramLabel = "RUN2",
      description =
          "Another one, of the same log unless --with-dir or --with-bundle says otherwise.")
  private String second;

  @ArgGroup(exclusive = true)
  private EvidenceOption evidence = new EvidenceOption();

  @ArgGroup(exclusive = true, heading = "%nWhere RUN2 is, if not with RUN1:%n", order = 40)
  private Other other;

  static final class Other {
    @Option(
        names = "--with-dir",
        paramLabel = "DIR",
        required = true,
        description = "The directory of a demo or a comparison.")
    private Path dir;

    @Option(
        names = "--with-bundle",
        paramLabel = "DIR",
        required = true,
        description = "An evidence bundle.")
    private Path bundle;

    EvidenceOption.Open open() {
      return bundle != null
          ? EvidenceOption.openBundle("--with-bundle", bundle)
          : EvidenceOption.openDirectory(new LogOption.Directory("--with-dir", dir));
    }
  }

  @Option(names = "--json", description = "Print what was found as one JSON document.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    if (other == null && first.equals(second)) {
      throw UserError.badInput(
          "RUN1 and RUN2 are both " + first + ": of one log, two different runs are compared.");
    }
    try (EvidenceOption.Open firstLog = evidence.open()) {
      if (other == null) {
        return compare(firstLog, firstLog);
      }
      try (EvidenceOption.Open secondLog = other.open()) {
        return compare(firstLog, secondLog);
      }
    }
  }

  private int compare(EvidenceOption.Open firstLog, EvidenceOption.Open secondLog)
      throws Exception {
    RunDefinition firstRun = firstLog.run(first);
    RunDefinition secondRun = secondLog.run(second);
    DiffResult result;
    try (ProgressLine line = new ProgressLine(spec.commandLine().getErr(), "compare")) {
      double rounds = Math.min(firstRun.lastRound(), secondRun.lastRound()) + 1.0;
      result =
          new RunDiff(firstLog.source(), firstRun, secondLog.source(), secondRun)
              .compare(round -> line.show(Math.clamp((round + 1) / rounds, 0, 1)));
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(JSON.writeValueAsString(DiffJson.of(first, second, result)));
    } else {
      DiffText.print(
          other == null ? first : first + " in " + firstLog.place(),
          other == null ? second : second + " in " + secondLog.place(),
          result,
          out);
    }
    return result.equal() ? 0 : Coppice.FAILED;
  }
}
