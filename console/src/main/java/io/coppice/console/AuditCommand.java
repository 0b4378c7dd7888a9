package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import io.coppice.console.audit.RunVerifier;
import io.coppice.console.audit.Violation;
import io.coppice.console.progress.Figures;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.LogSerdes;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice audit}: what the log proves. */
@Command(
    name = "audit",
    mixinStandardHelpOptions = true,
    header = "Check what the log says about a run.",
    subcommands = AuditCommand.Verify.class,
    synopsisSubcommandLabel = "COMMAND")
final class AuditCommand {

  /** {@code coppice audit verify}. */
  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      header = "Recompute every aggregate and every mask of a run from the log, bit for bit.",
      description = {
        "",
        "Checks that every round follows from the one before it, that its contributors are submissions in the log, that every"
            + " aggregate is the sum of their updates, and that every mask is what the run's policy decides. Exit code 1 and"
            + " the first record that does not hold, if there is one.",
        ""
      })
  static final class Verify implements Callable<Integer> {

    @Parameters(
        index = "0",
        arity = "0..1",
        paramLabel = "RUN",
        description = "The run; the newest if it is not given.")
    private String runId;

    @ArgGroup(exclusive = true, multiplicity = "1")
    private LogOption.Either log;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
      PrintWriter out = spec.commandLine().getOut();
      try (OpenLog open = log.open()) {
        LogSerdes serdes = new LogSerdes(open.cluster().newRegistry());
        RunDefinition run =
            Runs.find(open.cluster(), serdes, Optional.ofNullable(runId))
                .orElseThrow(
                    () ->
                        UserError.badInput(
                            runId == null
                                ? "The log holds no run."
                                : "The log holds no run " + runId + "."));
        RunVerifier.Verified verified = new RunVerifier(open.cluster(), serdes, run).verify();
        out.printf(
            "Run %s holds: %s rounds, %s updates, %s aggregates and %s masks were recomputed bit for bit (%s of updates).%n",
            run.id(),
            Figures.count(verified.rounds()),
            Figures.count(verified.updates()),
            Figures.count(verified.aggregates()),
            Figures.count(verified.masks()),
            Figures.bytes(verified.updateBytes()));
        return 0;
      } catch (Violation violation) {
        throw UserError.failed(violation.getMessage(), violation);
      }
    }
  }
}
