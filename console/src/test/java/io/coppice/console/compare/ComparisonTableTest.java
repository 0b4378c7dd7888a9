package io.coppice.console.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.console.compare.ComparisonTable.Ratios;
import io.coppice.console.compare.ComparisonTable.Row;
import io.coppice.console.compare.RunFigures.InitialPruning;
import io.coppice.console.compare.RunFigures.Layer;
import io.coppice.console.compare.RunFigures.MeanGradientNorm;
import io.coppice.console.compare.RunFigures.Point;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ComparisonTableTest {

  private static final double NONE = Double.NaN;

  /** A layer of 16 weights and 4 other parameters. */
  private static final List<Layer> LAYERS = List.of(new Layer("fc", 16));

  /** 10 s estimated, 2 s measured and 100 + 100 bytes a round. */
  private static final RunFigures CONVENTIONAL =
      run("none", InitialPruning.NONE, 1, 10, 2, 100, 0.2, NONE, 0.5, 0.9);

  /** 1 s estimated, 1 s measured and 10 + 10 bytes a round; 3 s and 20 bytes for initial pruning. */
  private static final RunFigures PRUNED =
      run("prunefl", new InitialPruning(3, 5, 15), 0.25, 1, 1, 10, 0.1, 0.5, NONE, 0.8);

  private static RunFigures run(
      String policy,
      InitialPruning initial,
      double density,
      double estimated,
      double seconds,
      long bytes,
      double... accuracies) {
    List<Point> points = new ArrayList<>();
    for (double accuracy : accuracies) {
      points.add(
          new Point(
              points.size(),
              accuracy,
              1,
              density,
              (int) (16 * density) + 4,
              List.of(density),
              estimated,
              seconds,
              bytes,
              bytes,
              0.1,
              10,
              NONE));
    }
    return new RunFigures(policy, "run-" + policy, LAYERS, initial, points);
  }

  @Test
  void anAccuracyIsReachedAtTheFirstEvaluationThatHasItAndRatiosAreToConventional() {
    ComparisonTable table =
        ComparisonTable.of(List.of(CONVENTIONAL, PRUNED), List.of(0.85, 0.5, 0.99));

    assertThat(table.accuracies()).containsExactly(0.5, 0.85, 0.99);
    Row conventional = table.rows().get(0);
    Row pruned = table.rows().get(1);
    assertThat(conventional.reached().get(0).orElseThrow().round()).isEqualTo(2);
    assertThat(conventional.reached().get(0).orElseThrow().against()).contains(new Ratios(1, 1, 1));
    var reach = pruned.reached().get(0).orElseThrow();
    assertThat(reach.round()).isEqualTo(1);
    assertThat(reach.total()).isEqualTo(new RunFigures.Total(2, 5, 25, 35));
    // 30 s / 2 s; 6 s / (3 s + 2 s); 600 bytes / (20 + 40 bytes)
    assertThat(reach.against()).contains(new Ratios(15, 1.2, 10));
    assertThat(conventional.reached().get(1)).isPresent();
    assertThat(pruned.reached().get(1)).isEmpty();
    assertThat(conventional.reached().get(2)).isEmpty();
  }

  @Test
  void theEndIsThatOfTheLastRoundWithTheModelAsItIsStored() {
    Row pruned = ComparisonTable.of(List.of(PRUNED), List.of()).rows().getFirst();
    var end = pruned.end().orElseThrow();
    assertThat(end.rounds()).isEqualTo(4);
    assertThat(end.accuracy()).hasValue(0.8);
    assertThat(end.modelBytes()).isEqualTo(2 + 4 * 8); // 16 bits, 4 weights and 4 others
    assertThat(end.total()).isEqualTo(new RunFigures.Total(4, 7, 45, 55));
    assertThat(CONVENTIONAL.modelBytes(CONVENTIONAL.points().getLast())).isEqualTo(4 * 20);
  }

  @Test
  void usualAccuraciesAreThoseThatARunHasReachedAndTheHighestThatAllHave() {
    RunFigures going = run("snip", InitialPruning.NONE, 1, 1, 1, 1, 0.43217, 0.3);
    RunFigures neverEvaluated = run("online", InitialPruning.NONE, 1, 1, 1, 1, NONE, NONE);
    List<RunFigures> runs = List.of(CONVENTIONAL, going, neverEvaluated);
    assertThat(ComparisonTable.of(runs, List.of()).accuracies()).containsExactly(0.4321, 0.8, 0.9);
    assertThat(ComparisonTable.of(List.of(CONVENTIONAL), List.of()).accuracies())
        .containsExactly(0.8, 0.9);
    assertThat(ComparisonTable.of(List.of(neverEvaluated), List.of()).accuracies()).isEmpty();
  }

  @Test
  void withoutConventionalThereAreNoRatiosAndUnknownCellsAreHyphens() {
    RunFigures neverEvaluated = run("online", InitialPruning.NONE, 1, 1, 1, 1, NONE, NONE);
    RunFigures notBegun = run("snip", InitialPruning.NONE, 1, 1, 1, 1);
    ComparisonTable table =
        ComparisonTable.of(List.of(PRUNED, neverEvaluated, notBegun), List.of(0.8));

    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    TableText.sections(table).forEach(section -> section.print(out));
    assertThat(text.toString().replace(System.lineSeparator(), "\n"))
        .isEqualTo(
            """
            After the last round
            policy   rounds  accuracy  density  active parameters  model size  estimated time  measured time  bytes
            prunefl       4    0.8000   0.2500                  8        34 B          4.00 s         7.00 s  100 B
            online        2         -   1.0000                 20        80 B          2.00 s         2.00 s    4 B
            snip          -         -        -                  -           -               -              -      -

            To reach accuracy 0.80
            policy   round  estimated time  times sooner  measured time  times sooner  bytes  times fewer
            prunefl      3          4.00 s             -         7.00 s             -  100 B            -
            online       -               -             -              -             -      -            -
            snip         -               -             -              -             -      -            -

            """);
    assertThat(TableCsv.format(table))
        .contains("prunefl,0.8,3,4.0,7.0,100,,,,4,0.8,0.25,8,34,4.0,7.0,100\n")
        .contains("online,0.8,,,,,,,,2,,1.0,20,80,2.0,2.0,4\n")
        .endsWith("snip,0.8,,,,,,,,,,,,,,,\n");
  }

  @Test
  void theMeanGradientNormRunsOverRecordedRoundsAndItsBoundThroughTheFirst() {
    RunFigures run = PRUNED.withGradientNorms(Map.of(0, 8.0, 3, 2.0, 17, 1.0));
    assertThat(run.meanGradientNorms())
        .containsExactly(new MeanGradientNorm(1, 8), new MeanGradientNorm(4, 5));
    assertThat(new MeanGradientNorm(1, 8).boundAfter(4)).isEqualTo(4);
    assertThat(new MeanGradientNorm(4, 8).boundAfter(16)).isEqualTo(4);
  }
}
