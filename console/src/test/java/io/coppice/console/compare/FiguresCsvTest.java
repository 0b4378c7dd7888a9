package io.coppice.console.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.console.compare.RunFigures.InitialPruning;
import io.coppice.console.compare.RunFigures.Layer;
import io.coppice.console.compare.RunFigures.Point;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.NotEmpty;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FiguresCsvTest {

  @TempDir private Path directory;

  @Property(tries = 200)
  void anyFiguresAreReadBackBitForBit(@ForAll("figures") RunFigures figures) {
    assertThat(FiguresCsv.parse(FiguresCsv.format(figures))).isEqualTo(figures);
  }

  @Property
  void anyFieldsAreReadBack(@ForAll @NotEmpty List<@Size(2) List<String>> rows) {
    assertThat(Csv.parse(Csv.format(rows))).isEqualTo(rows);
  }

  @Test
  void theFileHasARowARoundWithTotalsAndInitialPruningFirst() {
    Point first = point(0, 0.5, 3, 20, 7, List.of(0.25));
    Point second = point(1, Double.NaN, 2, 10, 5, List.of(0.125));
    RunFigures figures =
        new RunFigures(
            "a,b",
            "run-1",
            List.of(new Layer("fc", 8)),
            new InitialPruning(100, 1, 2),
            List.of(first, second));

    assertThat(FiguresCsv.format(figures))
        .isEqualTo(
            """
            policy,run,round,accuracy,loss,density,active_parameters,estimated_seconds,total_estimated_seconds,seconds,total_seconds,\
            bytes_up,total_bytes_up,bytes_down,total_bytes_down,train_seconds,contributors,gradient_norm_squared,density_fc,weights_fc
            "a,b",run-1,-1,,,,,0,0,100.0,100.0,1,1,2,2,,,,,8
            "a,b",run-1,0,0.5,1.5,0.25,4,3.0,3.0,20.0,120.0,7,8,14,16,0.5,3,,0.25,8
            "a,b",run-1,1,,1.5,0.125,4,2.0,5.0,10.0,130.0,5,13,10,26,0.5,3,,0.125,8
            """);
  }

  private static Point point(
      int round,
      double accuracy,
      double estimated,
      double seconds,
      long bytes,
      List<Double> densities) {
    return new Point(
        round,
        accuracy,
        1.5,
        densities.getFirst(),
        4,
        densities,
        estimated,
        seconds,
        bytes,
        2 * bytes,
        0.5,
        3,
        Double.NaN);
  }

  @Test
  void aFileIsReplacedAndNothingElseIsLeft() throws IOException {
    Path file = directory.resolve("none.csv");
    SampleRuns.conventional(3).writeCsv(file);
    SampleRuns.conventional(10).writeCsv(file);
    assertThat(RunFigures.ofCsv(file)).isEqualTo(SampleRuns.conventional(10));
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void whatIsNoSuchFileIsRefusedWithTheReason() throws IOException {
    Path file = directory.resolve("other.csv");
    assertThatThrownBy(() -> RunFigures.ofCsv(file)).hasMessageContaining("cannot be read");
    Files.writeString(file, "a,b\n1,2\n");
    assertThatThrownBy(() -> RunFigures.ofCsv(file))
        .hasMessageContaining("it lacks the column round");
    Files.writeString(file, FiguresCsv.format(SampleRuns.conventional(2)).replace("\n", ",\n"));
    Files.writeString(file, Files.readString(file).replaceFirst(",\n", "\n"));
    assertThatThrownBy(() -> RunFigures.ofCsv(file)).hasMessageContaining("a row has 27 fields");
    Files.writeString(file, "\"a");
    assertThatThrownBy(() -> RunFigures.ofCsv(file)).hasMessageContaining("does not end");
  }

  @Provide
  static Arbitrary<RunFigures> figures() {
    return Arbitraries.integers()
        .between(0, 3)
        .flatMap(
            layers ->
                Combinators.combine(
                        Arbitraries.strings(),
                        Arbitraries.strings(),
                        Arbitraries.integers().greaterOrEqual(1),
                        Arbitraries.doubles().greaterOrEqual(0),
                        Arbitraries.longs().greaterOrEqual(0),
                        points(layers).list().ofMaxSize(4))
                    .as(
                        (policy, run, weights, seconds, bytes, points) ->
                            new RunFigures(
                                policy,
                                run,
                                layers(layers, weights),
                                new InitialPruning(seconds, bytes, bytes / 2),
                                points)));
  }

  private static List<Layer> layers(int count, int weights) {
    return IntStream.range(0, count)
        .mapToObj(l -> new Layer("layer, \"" + l + "\"", weights))
        .toList();
  }

  private static Arbitrary<Point> points(int layers) {
    Arbitrary<Double> any = Arbitraries.oneOf(Arbitraries.doubles(), Arbitraries.just(Double.NaN));
    return Combinators.combine(
            Arbitraries.integers().greaterOrEqual(0),
            any,
            Arbitraries.of(Double.NaN, Double.POSITIVE_INFINITY, 0.1, 1 / 3.0),
            any,
            Arbitraries.longs().greaterOrEqual(0))
        .as(
            (round, value, accuracy, density, bytes) ->
                new Point(
                    round,
                    accuracy,
                    value,
                    density,
                    round,
                    Collections.nCopies(layers, density),
                    value,
                    density,
                    bytes,
                    bytes / 3,
                    accuracy,
                    round,
                    value));
  }
}
