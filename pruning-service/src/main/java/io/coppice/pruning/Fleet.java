package io.coppice.pruning;

import io.coppice.replay.AcceptedAgents;
import io.coppice.replay.LogReader;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.common.errors.SerializationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The agents of a run, as the log has them now. */
final class Fleet {

  private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);
  private static final Duration POLL = Duration.ofMillis(250);

  private Fleet() {}

  /**
   * What each agent said when it joined last, in ascending order of agent ids. Anybody may write that an agent joins; what counts
   * is said with the key that the ledger has accepted for it.
   */
  static Collection<AgentJoined> of(ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    Map<String, AgentAccepted> accepted = AcceptedAgents.all(cluster, serdes, run);
    SortedMap<String, AgentJoined> newest = new TreeMap<>();
    try (LogReader reader = new LogReader(cluster)) {
      int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.AGENTS));
      reader.followSince(Topic.AGENTS, partition, run.searchedSince());
      while (!reader.hasReachedEnd()) {
        for (LogReader.Entry entry : reader.poll(POLL)) {
          if (entry.key() != null && entry.key().startsWith(run.id() + "/")) {
            take(entry, serdes, run, accepted, newest);
          }
        }
      }
    }
    return newest.values();
  }

  private static void take(
      LogReader.Entry entry,
      LogSerdes serdes,
      RunDefinition run,
      Map<String, AgentAccepted> accepted,
      SortedMap<String, AgentJoined> newest) {
    if (entry.value() == null) {
      return;
    }
    try {
      AgentJoined joined = serdes.agents.deserialize(entry.topic().suffix(), entry.value());
      AgentAccepted agent = accepted.get(joined.getAgentId());
      if (entry.key().equals(LogKeys.agent(run.id(), joined.getAgentId()))
          && joined.getRunId().equals(run.id())
          && agent != null
          && agent.getPublicKey().equals(joined.getPublicKey())) {
        newest.put(entry.key(), joined);
      } else {
        LOG.debug("agents-{}@{} is not what an agent has said", entry.partition(), entry.offset());
      }
    } catch (SerializationException e) {
      LOG.debug("agents-{}@{} is not readable", entry.partition(), entry.offset(), e);
    }
  }
}
