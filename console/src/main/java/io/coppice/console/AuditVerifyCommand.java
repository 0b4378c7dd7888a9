package io.coppice.console;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.audit.RoundVerdict;
import io.coppice.audit.RunVerifier;
import io.coppice.audit.UnusableCheckpointException;
import io.coppice.audit.Verification;
import io.coppice.audit.Violation;
import io.coppice.audit.bundle.FileFault;
import io.coppice.console.progress.Figures;
import io.coppice.console.progress.ProgressLine;
import io.coppice.replay.RunDefinition;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice audit verify}. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    header = "Replay a run from its first record and check all that the log says of it.",
    description = {
      "",
      "Recomputes every aggregate from the signed updates that it names, every mask, every checkpoint, bit for bit, and checks the"
          + " ledger's chain of digests, signatures, weights, quorums, deadlines, who was asked, and that nobody's update was"
          + " passed over. Exit code 1 and the first record that does not hold, if there is one.",
      ""
    })
final class AuditVerifyCommand implements Callable<Integer> {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SEAL_DIGITS = 16;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "RUN",
      description = "The run; the newest if it is not given.")
  private String runId;

  @ArgGroup(exclusive = true)
  private EvidenceOption evidence = new EvidenceOption();

  @Option(
      names = "--to-round",
      paramLabel = "ROUND",
      description = "The last round that is verified; all if it is not given.")
  private Integer toRound;

  @Option(
      names = "--from-checkpoint",
      paramLabel = "ROUND",
      description =
          "Take the newest checkpoint that starts in this round or before as it is, and recompute only what comes after it; of the"
              + " rounds before, ledger and submissions are checked.")
  private Integer fromCheckpoint;

  @Option(
      names = "--seal",
      paramLabel = "DIGEST",
      description =
          "A digest of the run that you have written down, its seal or that of a closed round, 16 to 64 hexadecimal digits: the"
              + " ledger has to contain it.")
  private String seal;

  @Option(names = "--quiet", description = "Print the result only, not every round's.")
  private boolean quiet;

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    RunVerifier.Options options = options();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (EvidenceOption.Open open = evidence.open()) {
      List<FileFault> faults = BundleCheck.faults(open, err);
      if (!json) {
        BundleCheck.print(faults, err);
      }
      RunDefinition run = open.run(runId);
      int last = toRound == null ? run.lastRound() : Math.min(toRound, run.lastRound());
      ArrayNode rounds = JSON.createArrayNode();
      long start = System.nanoTime();
      Verification result;
      try (ProgressLine progress = new ProgressLine(err, "verifying " + run.id())) {
        RunVerifier.Listener listener =
            verdict -> {
              if (json) {
                rounds.add(toJson(verdict));
              } else if (!quiet) {
                progress.wipe();
                out.println(line(verdict));
                out.flush();
              }
              progress.show(
                  (verdict.round() - run.firstRound() + 1.0) / (last - run.firstRound() + 1.0));
            };
        result = new RunVerifier(open.source(), run, options, listener).verify();
      } catch (UnusableCheckpointException e) {
        throw UserError.badInput("--from-checkpoint " + fromCheckpoint + ": " + e.getMessage(), e);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      if (json) {
        ObjectNode document = toJson(result, rounds, seconds);
        BundleCheck.add(faults, document);
        out.println(document.toPrettyString());
      } else {
        print(result, run, seconds, out, err);
      }
      return result.holds() && faults.isEmpty() ? 0 : Coppice.FAILED;
    }
  }

  private RunVerifier.Options options() {
    if (seal != null && !seal.toLowerCase(Locale.ROOT).matches("[0-9a-f]{16,64}")) {
      throw UserError.badInput(
          "--seal takes " + SEAL_DIGITS + " to 64 hexadecimal digits, not '" + seal + "'.");
    }
    if (toRound != null && toRound < -1) {
      throw UserError.badInput("--to-round is -1 or more, not " + toRound + ".");
    }
    return new RunVerifier.Options(
        toRound == null ? OptionalInt.empty() : OptionalInt.of(toRound),
        fromCheckpoint == null ? OptionalInt.empty() : OptionalInt.of(fromCheckpoint),
        Optional.ofNullable(seal).map(digest -> digest.toLowerCase(Locale.ROOT)),
        RunVerifier.Options.DEFAULT_THREADS);
  }

  private static String line(RoundVerdict verdict) {
    StringBuilder line =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "round %4d holds   %12s %9s",
                verdict.round(),
                Figures.count(verdict.contributors(), "update"),
                verdict.aggregates() == 0 ? "(ledger)" : Figures.bytes(verdict.updateBytes())));
    line.append(
        String.format(
            Locale.ROOT, "   mask %d density %.4f", verdict.maskVersion(), verdict.density()));
    if (verdict.newDensity().isPresent()) {
      line.append(String.format(Locale.ROOT, ", then %.4f", verdict.newDensity().getAsDouble()));
    }
    if (verdict.rejected() > 0) {
      line.append("   ").append(verdict.rejected()).append(" rejected");
    }
    if (verdict.checkpoints() > 0) {
      line.append("   checkpoint");
    }
    return line.toString();
  }

  private static void print(
      Verification result, RunDefinition run, double seconds, PrintWriter out, PrintWriter err) {
    if (!result.holds()) {
      err.println(
          "Run "
              + result.runId()
              + " does not hold: "
              + result.violation().orElseThrow().getMessage());
      err.flush();
      out.printf(
          "Before it %s.%n",
          result.rounds() == 0
              ? "is no closed round"
              : Figures.count(result.rounds(), "round")
                  + (result.rounds() == 1 ? " holds" : " hold"));
      return;
    }
    out.printf(
        "Run %s holds: %s, %s, %s and %s were recomputed bit for bit, %s compared.%n",
        result.runId(),
        Figures.count(result.rounds(), "round"),
        Figures.count(result.updates(), "update"),
        Figures.count(result.aggregates(), "aggregate"),
        Figures.count(result.masks(), "mask"),
        Figures.count(result.checkpoints(), "checkpoint shard"));
    if (result.recomputedFrom() > run.firstRound()) {
      out.printf(
          "Rounds before %d were checked in ledger and submissions only: their checkpoint was taken as it is.%n",
          result.recomputedFrom());
    }
    out.printf(
        "%s of updates in %s, %s a second.%n",
        Figures.bytes(result.updateBytes()),
        Figures.duration(seconds),
        Figures.bytes(result.updateBytes() / seconds));
    result
        .pending()
        .ifPresent(pending -> out.println("Not there yet of a run that goes on: " + pending));
    if (result.withoutVerdict() > 0) {
      out.printf(
          "Without a verdict in the ledger: %s behind the last round.%n",
          Figures.count(result.withoutVerdict(), "submission"));
    }
    if (result.finished()) {
      out.println("Seal: " + result.head());
    } else if (!result.head().isEmpty()) {
      out.printf("Digest of round %d: %s%n", result.lastRound(), result.head());
      if (result.lastRound() < run.lastRound()) {
        out.printf(
            "The run goes on to round %d: what is behind round %d was not asked for, or is not there yet.%n",
            run.lastRound(), result.lastRound());
      }
    } else {
      out.println("No round is closed yet.");
    }
  }

  private static ObjectNode toJson(RoundVerdict verdict) {
    ObjectNode node =
        JSON.createObjectNode()
            .put("round", verdict.round())
            .put("maskVersion", verdict.maskVersion())
            .put("density", verdict.density())
            .put("contributors", verdict.contributors())
            .put("rejected", verdict.rejected())
            .put("aggregates", verdict.aggregates())
            .put("updateBytes", verdict.updateBytes());
    verdict.newDensity().ifPresent(density -> node.put("newDensity", density));
    return node.put("checkpointShards", verdict.checkpoints()).put("digest", verdict.digest());
  }

  private static ObjectNode toJson(Verification result, ArrayNode rounds, double seconds) {
    ObjectNode node =
        JSON.createObjectNode()
            .put("run", result.runId())
            .put("holds", result.holds())
            .put("finished", result.finished());
    result.violation().ifPresent(violation -> node.set("violation", toJson(violation)));
    node.put("head", result.head())
        .put("rounds", result.rounds())
        .put("lastRound", result.lastRound())
        .put("recomputedFrom", result.recomputedFrom())
        .put("updates", result.updates())
        .put("rejected", result.rejected())
        .put("aggregates", result.aggregates())
        .put("masks", result.masks())
        .put("checkpointShards", result.checkpoints())
        .put("updateBytes", result.updateBytes())
        .put("withoutVerdict", result.withoutVerdict())
        .put("seconds", seconds);
    result.pending().ifPresent(pending -> node.put("pending", pending));
    node.set("verdicts", rounds);
    return node;
  }

  private static ObjectNode toJson(Violation violation) {
    ObjectNode node =
        JSON.createObjectNode()
            .put("topic", violation.topic().suffix())
            .put("partition", violation.partition());
    violation.offset().ifPresent(offset -> node.put("offset", offset));
    return node.put("field", violation.field()).put("what", violation.what());
  }
}
