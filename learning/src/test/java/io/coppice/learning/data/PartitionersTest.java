package io.coppice.learning.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PartitionersTest {

  @Property(tries = 200)
  void iidSharesEverySampleOnceAndEqually(
      @ForAll @IntRange(min = 1, max = 20) int agents,
      @ForAll @IntRange(min = 20, max = 300) int samples,
      @ForAll long seed) {
    Dataset data = data(samples, 10);
    int[][] shares = Partitioners.parse("iid").split(data, agents, seed);
    assertSharesAll(shares, agents, samples);
    assertThat(Arrays.stream(shares))
        .allMatch(
            share -> share.length == samples / agents || share.length == samples / agents + 1);
    assertThat(Partitioners.parse("iid").split(data, agents, seed)).isDeepEqualTo(shares);
  }

  @Test
  void iidIsShuffled() {
    assertThat(Partitioners.parse("iid").split(data(100, 10), 1, 1)[0])
        .isNotEqualTo(IntStream.range(0, 100).toArray());
  }

  @Property(tries = 200)
  void dirichletSharesEverySampleOnceAndNobodyStarves(
      @ForAll @IntRange(min = 1, max = 8) int agents,
      @ForAll @DoubleRange(min = 0.3, max = 100) double alpha,
      @ForAll long seed) {
    Dataset data = data(1500, 10);
    Partitioner partitioner = Partitioners.parse("dirichlet:" + alpha);
    int[][] shares = partitioner.split(data, agents, seed);
    assertSharesAll(shares, agents, 1500);
    assertThat(Arrays.stream(shares)).allMatch(share -> share.length >= 10);
    assertThat(partitioner.split(data, agents, seed)).isDeepEqualTo(shares);
  }

  @Test
  void smallAlphaSkewsLabelsAndLargeAlphaDoesNot() {
    Dataset data = data(10_000, 10);
    // The variance of a symmetric Dirichlet's proportions over k agents is (k - 1) / (k^2 (k alpha
    // + 1)).
    assertThat(variance(data, "dirichlet:0.5")).isBetween(0.9 * 0.015, 1.1 * 0.015);
    assertThat(variance(data, "dirichlet:5")).isBetween(0.9 * 0.09 / 51, 1.1 * 0.09 / 51);
    assertThat(variance(data, "dirichlet:1000000")).isLessThan(1e-5);
  }

  /** Variance of the share that an agent has in a class, over many draws. */
  private static double variance(Dataset data, String name) {
    double squares = 0;
    int terms = 0;
    for (long seed = 0; seed < 60; seed++) {
      for (int[] share : Partitioners.parse(name).split(data, 10, seed)) {
        int[] histogram = new int[10];
        for (int i : share) {
          histogram[data.label(i)]++;
        }
        for (int count : histogram) {
          squares += Math.pow(count / 1000.0 - 0.1, 2);
          terms++;
        }
      }
    }
    return squares / terms;
  }

  @Test
  void dirichletThatCannotBeIsRefused() {
    Dataset data = data(100, 2);
    assertThatThrownBy(() -> Partitioners.parse("dirichlet:0.001").split(data, 9, 1))
        .hasMessage(
            "dirichlet:0.001 cannot give each of 9 agents at least 10 of 100 samples: use a larger alpha or fewer agents.");
    assertThatThrownBy(() -> Partitioners.parse("dirichlet:9").split(data, 11, 1))
        .hasMessageContaining("each of 11 agents at least 10 of 100");
  }

  @Test
  void writersAreSharedInConsecutiveGroupsAndTheLastTakesTheRest() {
    int[] writers = {4, 0, 1, 2, 3, 0, 6};
    Dataset data =
        Dataset.ofFloats(new Dataset.Shape(1, 1, 1, 1), new float[7][1], new int[7], writers);
    assertThat(Partitioners.parse("writer").split(data, 2, 1))
        .isDeepEqualTo(new int[][] {{1, 2, 3, 5}, {0, 4, 6}});
    assertThat(Partitioners.parse("writer").split(data, 4, 1))
        .isDeepEqualTo(new int[][] {{1, 5}, {2}, {3}, {0, 4, 6}});
    assertThatThrownBy(() -> Partitioners.parse("writer").split(data, 7, 1))
        .hasMessage("6 writers cannot be shared among 7 agents.");
    assertThatThrownBy(() -> Partitioners.parse("writer").split(data(7, 1), 2, 1))
        .hasMessageContaining("do not say who wrote");
  }

  @Test
  void filesHoldSharesAndPerhapsTheSamplesOfInitialPruning(@TempDir Path directory)
      throws IOException {
    Path list = Files.writeString(directory.resolve("list.json"), "[[3, 1], [0]]");
    Partitioner fromList = Partitioners.parse("file:" + list);
    assertThat(fromList.split(data(4, 1), 2, 9)).isDeepEqualTo(new int[][] {{3, 1}, {0}});
    assertThat(((PartitionFile) fromList).initialPruningIndices()).isEmpty();

    Path object =
        Files.writeString(
            directory.resolve("object.json"),
            "{\"seed\": 1, \"clients\": [[2]], \"initial_pruning_indices\": [2, 0]}");
    PartitionFile fromObject = PartitionFile.read(object);
    assertThat(fromObject.split(data(3, 1), 1, 9)).isDeepEqualTo(new int[][] {{2}});
    assertThat(fromObject.initialPruningIndices()).containsExactly(2, 0);
    assertThatThrownBy(() -> fromObject.split(data(2, 1), 1, 9))
        .isInstanceOf(DataFormatException.class)
        .hasMessage(object + " names sample 2, but the data have the samples 0 to 1.");
    assertThatThrownBy(() -> fromObject.split(data(3, 1), 2, 9))
        .hasMessage(object + " shares samples among 1 agents, not among 2.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[[0, 1], [1]]|: index 1 occurs twice; a sample has one agent.",
        "[[0], [-1]]|[1][0] must be a whole number of at least 0, not -1.",
        "[[0], [1.5]]|[1][0] must be a whole number of at least 0, not 1.5.",
        "[[0], []]|[1] must hold at least one index.",
        "[0, 1]|[0] must be a list of whole numbers.",
        "{}|: the field clients is missing; it must be a list.",
        "{\"clients\": 1}|: the field clients must be a list.",
        "3| must be a JSON object.",
        "[[0]] 7| is not JSON"
      })
  void brokenFilesAreRefusedInOneSentence(String content, String message, @TempDir Path directory)
      throws IOException {
    Path file = Files.writeString(directory.resolve("shares.json"), content);
    assertThatThrownBy(() -> PartitionFile.read(file))
        .isInstanceOf(DataFormatException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "even|There is no partition 'even': use iid, dirichlet:ALPHA (such as dirichlet:0.5), writer or file:PATH.",
        "dirichlet:0|Alpha of a dirichlet partition must be a number above 0, not 0.0.",
        "dirichlet:-1|Alpha of a dirichlet partition must be a number above 0, not -1.0.",
        "dirichlet:NaN|Alpha of a dirichlet partition must be a number above 0, not NaN.",
        "dirichlet:x|In the partition 'dirichlet:x' alpha must be a number above 0, not 'x'.",
        "file:no-such.json|There is no file no-such.json."
      })
  void wrongNamesAreRefusedInOneSentence(String name, String message) {
    assertThatThrownBy(() -> Partitioners.parse(name)).hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource({"iid", "dirichlet:0.5", "writer"})
  void tooFewOrTooManyAgentsAreRefused(String name) {
    Partitioner partitioner = Partitioners.parse(name);
    assertThatThrownBy(() -> partitioner.split(data(5, 1), 0, 1))
        .hasMessage("At least 1 agent is needed, not 0.");
    assertThatThrownBy(() -> partitioner.split(data(5, 1), 6, 1))
        .hasMessage("5 samples cannot be shared among 6 agents.");
  }

  private static void assertSharesAll(int[][] shares, int agents, int samples) {
    assertThat(shares).hasNumberOfRows(agents);
    assertThat(Arrays.stream(shares).flatMapToInt(Arrays::stream).sorted().toArray())
        .isEqualTo(IntStream.range(0, samples).toArray());
  }

  private static Dataset data(int samples, int classes) {
    return Dataset.ofBytes(
        new Dataset.Shape(1, 1, 1, classes),
        new byte[samples],
        IntStream.range(0, samples).map(i -> i % classes).toArray());
  }
}
