package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.console.SmallMnist;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.LogSerdes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Comparisons in processes of their own: killed and gone on with, added to, and on a cluster. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class CompareProcessTest {

  /** Enough for a comparison that is killed in the middle of a run: a round takes a tenth of a second. */
  private static final int ROUNDS = 40;

  private static final int ROUNDS_SIDE_BY_SIDE = 12;

  @TempDir private Path temporary;

  @Test
  void aKilledComparisonGoesOnWhereItWasAndTakesFurtherPolicies() throws Exception {
    Path data = SmallMnist.write(temporary.resolve("data"), 300, 100);
    Path out = temporary.resolve("comparison");

    CoppiceProcess killed = CoppiceProcess.start(options(data, out, "none,prunefl,snip"));
    killed.awaitLine("prunefl (2 of 3)");
    killed.awaitLine("round 4 of 39: ");
    killed.kill();
    assertThat(out.resolve("none.csv")).exists();
    assertThat(out.resolve("prunefl.csv")).doesNotExist();

    CoppiceProcess resumed = CoppiceProcess.start(options(data, out, "none,prunefl,snip"));
    List<String> output = resumed.awaitEnd();
    assertThat(resumed.exitValue()).as("%s", output).isZero();
    for (String policy : List.of("none", "prunefl", "snip")) {
      // A header, initial pruning, and the rounds.
      assertThat(Files.readAllLines(out.resolve(policy + ".csv"))).hasSize(2 + ROUNDS);
    }
    assertThat(out.resolve("report.html")).isNotEmptyFile();
    assertThat(output).anyMatch(line -> line.startsWith("To reach accuracy"));

    List<String> more = options(data, out, "none,prunefl,snip,reinit");
    more.add("--gradient-norm");
    CoppiceProcess added = CoppiceProcess.start(more);
    List<String> last = added.awaitEnd();
    assertThat(added.exitValue()).as("%s", last).isZero();
    assertThat(last).anyMatch(line -> line.startsWith("gradient norms of comparison-reinit"));

    List<String> changed = options(data, out, "none");
    changed.addAll(List.of("--learning-rate", "0.3"));
    CoppiceProcess refused = CoppiceProcess.start(changed);
    List<String> refusal = refused.awaitEnd();
    assertThat(refused.exitValue()).isEqualTo(2);
    assertThat(refusal)
        .anyMatch(line -> line.contains("holds a run with learningRate 0.1, not 0.3"));
    everyRunHolds(out.resolve("log"), 4);
  }

  @Test
  void onAClusterAllPoliciesRunSideBySide() throws Exception {
    Path data = SmallMnist.write(temporary.resolve("data"), 300, 100);
    Path out = temporary.resolve("side-by-side");
    try (EmbeddedCluster cluster = EmbeddedCluster.start(temporary.resolve("cluster"), 0)) {
      List<String> call = options(data, out, "none,prunefl,random-reinit", ROUNDS_SIDE_BY_SIDE);
      call.addAll(List.of("--bootstrap", cluster.config().bootstrapServers()));
      call.addAll(List.of("--registry", cluster.config().registryUrl()));
      CoppiceProcess comparison = CoppiceProcess.start(call);
      List<String> output = comparison.awaitEnd();
      assertThat(comparison.exitValue()).as("%s", output).isZero();
      assertThat(output).anyMatch(line -> line.startsWith("none: round 10 of 11: "));
      assertThat(output).anyMatch(line -> line.startsWith("prunefl: round 10 of 11: "));
      assertThat(out.resolve("random-reinit.csv")).exists();
      assertThat(Runs.all(cluster.config(), new LogSerdes(cluster.config().newRegistry())))
          .as("the cluster's own runs")
          .isEmpty();
    }
  }

  private static void everyRunHolds(Path directory, int runs) {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(directory, 0)) {
      LogSerdes serdes = new LogSerdes(cluster.config().newRegistry());
      List<RunDefinition> found = Runs.all(cluster.config(), serdes);
      assertThat(found).hasSize(runs);
      for (RunDefinition run : found) {
        try (RunLog log = new RunLog(cluster.config(), serdes, run)) {
          log.readOn();
          Proof.holdsFor(log);
        }
      }
      assertThat(Runs.find(cluster.config(), serdes, Optional.of("comparison-snip"))).isPresent();
    }
  }

  private static List<String> options(Path data, Path out, String policies) {
    return options(data, out, policies, ROUNDS);
  }

  private static List<String> options(Path data, Path out, String policies, int rounds) {
    List<String> options =
        new ArrayList<>(List.of("compare", "--policies", policies, "--out", out.toString()));
    options.addAll(List.of("--data", data.toString(), "--no-initial-pruning"));
    options.addAll(List.of("--rounds", String.valueOf(rounds), "--agents", "3"));
    options.addAll(List.of("--local-steps", "2", "--batch", "5", "--partition", "iid"));
    options.addAll(List.of("--evaluate-every", "2", "--reconfigure-every", "4"));
    return options;
  }
}
