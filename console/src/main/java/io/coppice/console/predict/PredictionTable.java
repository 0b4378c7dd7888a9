package io.coppice.console.predict;

import static io.coppice.console.progress.Figures.bytes;
import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;

import io.coppice.console.ModelSentence;
import io.coppice.learning.engine.Network.LayerChoice;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** The comparison as a table for people. */
final class PredictionTable {

  private static final String FORMAT = "%5s  %-7s %9s %9s %9s %9s %11s %9s %12s %9s%n";

  /** Layers that are called by their names; of more, only the number is told. */
  private static final int MOST_NAMES = 8;

  private final PrintWriter out;
  private final Subject subject;

  PredictionTable(PrintWriter out, Subject subject) {
    this.out = out;
    this.subject = subject;
  }

  void print(List<Comparison> comparisons) {
    printSubject();
    out.printf(
        FORMAT,
        "batch",
        "model",
        "accuracy",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "images/s",
        "speed-up",
        "parameters",
        "size");
    for (Comparison comparison : comparisons) {
      print(
          comparison,
          comparison.dense(),
          "dense",
          "",
          subject.parameters(),
          subject.model().denseBytes());
      print(
          comparison,
          comparison.pruned(),
          "pruned",
          decimals(comparison.speedUp(), 2),
          subject.model().mask().activeParameters(),
          subject.model().mask().modelBytes());
    }
    out.printf(
        "%nLatencies are wall-clock times of a batch, from images to logits, on one thread; the speed-up is that of the median.%n");
    out.println(agreement(comparisons));
    out.flush();
  }

  private void printSubject() {
    out.println(ModelSentence.of(subject.model()));
    out.printf("Dense: every layer by ND4J, pruned weights as zeros.%n");
    out.printf(
        "Pruned: by the active weights (%s): %s; by ND4J: %s.%n",
        subject.kernels(), layers(true), layers(false));
    out.printf("On %s.%n%n", subject.data());
  }

  private String layers(boolean sparse) {
    List<String> names =
        subject.choices().stream()
            .filter(choice -> choice.sparse() == sparse)
            .map(LayerChoice::layer)
            .toList();
    if (names.isEmpty()) {
      return "no layer";
    }
    return names.size() <= MOST_NAMES ? String.join(", ", names) : names.size() + " layers";
  }

  private void print(
      Comparison comparison,
      Comparison.Side side,
      String name,
      String speedUp,
      int parameters,
      long bytes) {
    Latencies latencies = side.latencies();
    out.printf(
        FORMAT,
        comparison.batch(),
        name,
        decimals(side.answers().accuracy(), 4),
        decimals(latencies.percentile(50), 3),
        decimals(latencies.percentile(90), 3),
        decimals(latencies.percentile(99), 3),
        count(Math.round(comparison.imagesPerSecond(side))),
        speedUp,
        count(parameters),
        bytes(bytes));
  }

  /** Whether both ways say the same. */
  private String agreement(List<Comparison> comparisons) {
    int differing = comparisons.stream().mapToInt(Comparison::differing).max().orElse(0);
    double largest =
        comparisons.stream().mapToDouble(Comparison::largestLogitDifference).max().orElse(0);
    String images = count(subject.data().size());
    return String.format(
        Locale.ROOT,
        "%s; their logits differ by at most %.1e.",
        differing == 0
            ? "Dense and pruned predict the same class for all " + images + " images"
            : "Dense and pruned predict another class for "
                + count(differing)
                + " of "
                + images
                + " images",
        largest);
  }
}
