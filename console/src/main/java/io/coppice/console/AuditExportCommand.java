package io.coppice.console;

import io.coppice.audit.bundle.BundleFormatException;
import io.coppice.audit.bundle.BundleManifest;
import io.coppice.audit.bundle.BundleWriter;
import io.coppice.audit.bundle.LedgerHead;
import io.coppice.console.progress.Figures;
import io.coppice.console.progress.ProgressLine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice audit export}: a run's evidence as files. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    header = "Copy all that the log holds of a run into files that can be verified without Kafka.",
    description = {
      "",
      "Writes an Avro file for every topic and partition that holds records of the run, and a manifest with their digests. The"
          + " digest at the end stands for the whole bundle: whoever has written it down will know this bundle from every other.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  coppice audit export --dir coppice-data --out evidence",
      "  coppice audit verify --bundle evidence"
    })
final class AuditExportCommand implements Callable<Integer> {

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "RUN",
      description = "The run; the newest if it is not given.")
  private String runId;

  @ArgGroup(exclusive = true)
  private EvidenceOption evidence = new EvidenceOption();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Where the bundle is written: a directory that is not there yet, or empty.")
  private Path out;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    try (EvidenceOption.Open open = evidence.open();
        ProgressLine line = new ProgressLine(spec.commandLine().getErr(), "export")) {
      BundleManifest manifest =
          new BundleWriter(open.source(), open.place(), CoppiceVersion.read())
              .write(open.run(runId), out, line::show);
      line.close();
      print(manifest, spec.commandLine().getOut());
      return 0;
    } catch (BundleFormatException e) {
      throw UserError.badInput("--out: " + e.getMessage(), e);
    } catch (IOException e) {
      throw UserError.failed("--out " + out + " cannot be written: " + e.getMessage() + ".", e);
    }
  }

  private void print(BundleManifest manifest, PrintWriter to) {
    to.printf(
        "Run %s is in %s: %s files, %s records, %s.%n",
        manifest.runId(),
        out,
        Figures.count(manifest.files().size()),
        Figures.count(manifest.records()),
        Figures.bytes(manifest.bytes()));
    Optional<LedgerHead> head = manifest.ledger();
    if (head.isEmpty()) {
      to.println("The run is not finished: no round was closed.");
    } else if (head.get().finished()) {
      to.printf("The run is finished; its seal is %s.%n", head.get().digest());
    } else {
      to.printf(
          "The run is not finished: what is exported ends with round %d, whose digest is %s.%n",
          head.get().round(), head.get().digest());
    }
    to.printf("Digest of the bundle: %s%n", manifest.digest());
  }
}
