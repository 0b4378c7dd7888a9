package io.coppice.audit;

import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.Signatures;
import java.nio.ByteBuffer;
import java.security.PublicKey;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The agents of a run as the ledger has accepted them, and who of them is there. */
final class AgentRegister {

  /**
   * One agent.
   *
   * @param encodedKey as the ledger has it; empty if it does not sign
   * @param key null if it does not sign
   * @param maxWeight the largest weight that it has ever declared
   * @param missing whether it was silent in the last round that it was asked in, and has not been heard of since
   */
  record Agent(ByteBuffer encodedKey, PublicKey key, long maxWeight, boolean missing) {
    private Agent missing(boolean now) {
      return new Agent(encodedKey, key, maxWeight, now);
    }
  }

  private final SortedMap<String, Agent> agents = new TreeMap<>();

  /**
   * Takes an agent in.
   *
   * @throws IllegalArgumentException if its key is none
   */
  void accept(AgentAccepted accepted) {
    Agent before = agents.get(accepted.getAgentId());
    PublicKey key =
        accepted.getPublicKey().hasRemaining()
            ? Signatures.publicKey(accepted.getPublicKey())
            : null;
    long maxWeight =
        before == null
            ? accepted.getMaxWeight()
            : Math.max(before.maxWeight(), accepted.getMaxWeight());
    agents.put(accepted.getAgentId(), new Agent(accepted.getPublicKey(), key, maxWeight, false));
  }

  /** An agent; null if it was not accepted. */
  Agent get(String agentId) {
    return agents.get(agentId);
  }

  int count() {
    return agents.size();
  }

  /** All ids, in ascending order. */
  List<String> all() {
    return List.copyOf(agents.keySet());
  }

  /** Ids of those who are there, in ascending order. */
  List<String> present() {
    return agents.entrySet().stream()
        .filter(agent -> !agent.getValue().missing())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** An agent was heard of, or was silent. */
  void setMissing(String agentId, boolean missing) {
    agents.computeIfPresent(agentId, (id, agent) -> agent.missing(missing));
  }
}
