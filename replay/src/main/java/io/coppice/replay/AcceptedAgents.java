package io.coppice.replay;

import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import java.time.Duration;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Who takes part in a run, as its ledger has it. */
public final class AcceptedAgents {

  private static final Duration POLL = Duration.ofMillis(250);

  private AcceptedAgents() {}

  /**
   * What the ledger says now of the agent with an id.
   *
   * @return the first of its entries, which holds the key that the id has for the whole run; empty if nobody has joined under it
   */
  public static Optional<AgentAccepted> find(
      String agentId, ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    return Optional.ofNullable(all(cluster, serdes, run).get(agentId));
  }

  /** The first entry of every agent that has joined, by its id. */
  public static SortedMap<String, AgentAccepted> all(
      ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    SortedMap<String, AgentAccepted> accepted = new TreeMap<>();
    // Whoever follows the run tells of entries that do not hold.
    RunRecords records = new RunRecords(serdes, run, ignored -> {});
    try (LogReader reader = new LogReader(cluster)) {
      int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.ROUNDS));
      reader.followSince(Topic.ROUNDS, partition, run.searchedSince());
      while (!reader.hasReachedEnd()) {
        for (Entry entry : reader.poll(POLL)) {
          if (run.id().equals(entry.key())) {
            records
                .ledger(entry)
                .filter(e -> e.getEvent() instanceof AgentAccepted)
                .map(e -> (AgentAccepted) e.getEvent())
                .ifPresent(agent -> accepted.putIfAbsent(agent.getAgentId(), agent));
          }
        }
      }
    }
    return accepted;
  }
}
