package io.coppice.console.compare;

import io.coppice.console.UserError;
import io.coppice.console.WholeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The files of a comparison: figures, table, page and pictures. Works with runs that are still going. */
public final class ComparisonReport {

  private static final String TABLE = "comparison.csv";

  /** The page's file. */
  static final String PAGE = "report.html";

  private static final String CURVES = "curves.png";
  private static final String LAYERS = "layers.png";

  private ComparisonReport() {}

  /** The file of a run's figures: the policy's name, with a hyphen for what may not stand in a file name. */
  public static Path csv(Path directory, String policy) {
    return directory.resolve(policy.replaceAll("[^A-Za-z0-9._-]", "-") + ".csv");
  }

  /**
   * Writes {@code POLICY.csv} for every run, {@code comparison.csv}, {@code report.html}, {@code curves.png} and
   * {@code layers.png}, each whole or not at all, and prints the table.
   *
   * @param directory where; made if it is missing
   * @param runs at least one, in the order of colours and rows; the one of policy {@code none} is conventional federated
   *     learning, which the others are compared with
   * @param accuracies to be reached, in (0, 1]; if there are none, usual ones
   * @param settings what is the same for all runs, in the order to be shown
   * @throws UserError if there is no run, two runs would have the same file, an accuracy is out of range, or a file cannot be
   *     written
   */
  public static void write(
      Path directory,
      List<RunFigures> runs,
      List<Double> accuracies,
      Map<String, String> settings,
      PrintWriter out) {
    check(directory, runs, accuracies);
    ComparisonTable table = ComparisonTable.of(runs, accuracies);
    try {
      Files.createDirectories(directory);
      runs.forEach(run -> run.writeCsv(csv(directory, run.policy())));
      WholeFile.write(
          directory.resolve(TABLE), part -> Files.writeString(part, TableCsv.format(table)));
      ReportPage.write(directory.resolve(PAGE), runs, table, settings);
      ReportPlots.writeCurves(runs, directory.resolve(CURVES));
      ReportPlots.writeLayers(runs, directory.resolve(LAYERS));
    } catch (IOException e) {
      throw UserError.failed(
          "The report cannot be written into " + directory + ": " + e.getMessage(), e);
    }
    TableText.sections(table).forEach(section -> section.print(out));
    out.flush();
  }

  private static void check(Path directory, List<RunFigures> runs, List<Double> accuracies) {
    if (runs.isEmpty()) {
      throw UserError.badInput("A comparison needs at least one run.");
    }
    for (double accuracy : accuracies) {
      if (!(accuracy > 0 && accuracy <= 1)) {
        throw UserError.badInput(
            "An accuracy to be reached must be above 0 and at most 1, not " + accuracy + ".");
      }
    }
    Set<String> files = new HashSet<>(Set.of(TABLE));
    for (RunFigures run : runs) {
      String file = csv(directory, run.policy()).getFileName().toString();
      if (!files.add(file.toLowerCase(Locale.ROOT))) {
        throw UserError.badInput(
            "The figures of "
                + run.policy()
                + " need the file "
                + file
                + ", but the report has another one of this name; give the run another name.");
      }
    }
  }
}
