package io.coppice.console;

import io.coppice.console.plot.Curve;
import io.coppice.console.plot.CurvePlot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice plot}: reports as a picture. */
@Command(
    name = "plot",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    header = "Draw the figures of demo reports as one picture.",
    description = {
      "",
      "Four panels: accuracy over rounds, over estimated time and over bytes sent, and density over rounds. Prints the last"
          + " evaluation of every curve as a table.",
      ""
    },
    footer = {
      "",
      "Example:",
      "  coppice plot PruneFL=prunefl.json conventional=none.json --out curves.png"
    })
final class PlotCommand implements Callable<Integer> {

  @Parameters(
      arity = "1..*",
      paramLabel = "LABEL=REPORT.json",
      description =
          "Reports that 'coppice demo --report' has written, each with the name of its curve.")
  private Map<String, Path> reports = new LinkedHashMap<>();

  @Option(
      names = "--reference",
      paramLabel = "LABEL=FILE.csv",
      description =
          "Curves of another implementation, drawn dashed: CSV with the columns phase (only fl is drawn), round, test_acc,"
              + " est_time_s, density, payload_up_bytes_per_client.")
  private Map<String, Path> references = new LinkedHashMap<>();

  @Option(
      names = "--clients",
      paramLabel = "N",
      defaultValue = "10",
      description = "Clients of a reference, whose bytes are given a client.")
  private int clients;

  @Option(names = "--out", paramLabel = "FILE.png", required = true, description = "The picture.")
  private Path out;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    try {
      List<Curve> curves = new ArrayList<>();
      for (var report : reports.entrySet()) {
        curves.add(Curve.ofReport(report.getKey(), report.getValue()));
      }
      for (var reference : references.entrySet()) {
        curves.add(Curve.ofCsv(reference.getKey(), reference.getValue(), clients));
      }
      WholeFile.checkWritable("--out", out);
      CurvePlot.write(curves, out);
      printTable(curves);
      return 0;
    } catch (IOException e) {
      throw UserError.failed("The picture cannot be written to " + out + ": " + e.getMessage(), e);
    }
  }

  private void printTable(List<Curve> curves) {
    var writer = spec.commandLine().getOut();
    writer.printf(
        "%-32s %6s %9s %9s %14s %14s%n",
        "", "round", "accuracy", "density", "estimated s", "sent MB");
    for (Curve curve : curves) {
      Curve.Point last = curve.lastEvaluated();
      writer.printf(
          "%-32s %6d %9.4f %9.4f %14.0f %14.1f%n",
          curve.label(),
          last.round(),
          last.accuracy(),
          last.density(),
          last.estimatedSeconds(),
          last.bytesUp() / 1e6);
    }
    writer.flush();
  }
}
