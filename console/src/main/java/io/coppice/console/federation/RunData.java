package io.coppice.console.federation;

import static io.coppice.console.federation.RunPlan.atLeast;
import static io.coppice.console.federation.RunPlan.read;

import io.coppice.agent.AgentData;
import io.coppice.console.UserError;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.PartitionFile;
import io.coppice.learning.data.Partitioner;
import io.coppice.learning.data.Partitioners;
import io.coppice.learning.data.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The data of a federation whose agents are all here.
 *
 * @param agents the data of each agent
 * @param train all training data
 * @param test the test data
 */
public record RunData(List<AgentData> agents, Dataset train, Dataset test) {

  /**
   * Reads the data that settings name, and shares them out.
   *
   * @throws UserError naming the option that is not as it should be
   */
  public static RunData of(RunSettings s) {
    atLeast("--agents", s.agents(), 1);
    atLeast("--test-every", s.testEvery(), 1);
    if (s.data().isBlank()) {
      throw UserError.badInput("--data names no directory.");
    }
    Partitioner partitioner = read("--partition", () -> Partitioners.parse(s.partition()));
    Path data = Path.of(s.data());
    Dataset train = read("--data", () -> Datasets.open(data, Split.TRAIN));
    Dataset test = read("--data", () -> every(s.testEvery(), Datasets.open(data, Split.TEST)));
    return new RunData(read("--partition", () -> share(train, partitioner, s)), train, test);
  }

  /** Ids of the agents, in the order of their data, which is their alphabetical order, too. */
  public List<String> agentIds() {
    int digits = String.valueOf(agents.size() - 1).length();
    return IntStream.range(0, agents.size())
        .mapToObj(a -> String.format(Locale.ROOT, "agent-%0" + digits + "d", a))
        .toList();
  }

  private static Dataset every(int n, Dataset data) {
    return data.subset(IntStream.iterate(0, i -> i < data.size(), i -> i + n).toArray());
  }

  private static List<AgentData> share(Dataset train, Partitioner partitioner, RunSettings s) {
    Optional<Dataset> initialPruning =
        partitioner instanceof PartitionFile file && file.initialPruningIndices().length > 0
            ? Optional.of(train.subset(file.initialPruningIndices()))
            : Optional.empty();
    List<AgentData> agents = new ArrayList<>();
    for (int[] share : partitioner.split(train, s.agents(), s.seed())) {
      agents.add(new AgentData(train.subset(share), Optional.empty(), initialPruning));
    }
    return agents;
  }
}
