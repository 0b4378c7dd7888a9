package io.coppice.agent;

import io.coppice.service.InstanceName;
import io.coppice.service.StartException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which agent this process is: the one that its settings name, or, where replicas with the same settings share slots, the one of the
 * slot that it has taken and holds until it ends.
 */
final class AgentPlace implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AgentPlace.class);

  /** What stands for the agent's name in settings. */
  private static final String PLACEHOLDER = "{agent}";

  private static final String KEY_FILE = "key.pem";

  private final String agentId;
  private final int part;
  private final Optional<AgentSlot> slot;

  private AgentPlace(String agentId, int part, Optional<AgentSlot> slot) {
    this.agentId = agentId;
    this.part = part;
    this.slot = slot;
  }

  /**
   * The place that the settings give.
   *
   * @throws StartException if all slots are taken, or their directory cannot be used
   */
  static AgentPlace of(AgentSettings settings) {
    if (settings.getSlots() == null) {
      return new AgentPlace(settings.getId(), settings.getPartitionIndex(), Optional.empty());
    }
    AgentSlot slot = takeSlot(Path.of(settings.getSlots()), settings.getPartitionCount());
    AgentPlace place =
        new AgentPlace(settings.getId() + "-" + slot.name(), slot.number(), Optional.of(slot));
    LOG.info("agent {} has slot {} in {}", place.agentId, slot.number(), settings.getSlots());
    return place;
  }

  private static AgentSlot takeSlot(Path slots, int count) {
    try {
      return AgentSlot.takeLowest(slots, count)
          .orElseThrow(
              () ->
                  new StartException(
                      String.format(
                          "coppice.agent.slots: All %d slots in %s are taken by agents that run; end one of them, or begin"
                              + " with a higher coppice.agent.partition-count.",
                          count, slots),
                      null));
    } catch (IOException e) {
      throw new StartException(
          "coppice.agent.slots: " + slots + " cannot be used: " + e.getMessage() + ".", e);
    }
  }

  /** The agent's name, unique in its run. */
  String agentId() {
    return agentId;
  }

  /** Which part of a common data set is the agent's, from 0. */
  int part() {
    return part;
  }

  /** Where the agent's key lies: where the settings say, or in its slot; empty if it is kept nowhere. */
  Optional<Path> keyFile(AgentSettings settings) {
    return settings.getKeyFile() != null
        ? Optional.of(Path.of(instanceName().in(settings.getKeyFile())))
        : slot.map(taken -> taken.directory().resolve(KEY_FILE));
  }

  /** For settings that contain the agent's name. */
  InstanceName instanceName() {
    return new InstanceName(PLACEHOLDER, agentId);
  }

  /** Gives the slot back, if there is one. */
  @Override
  public void close() throws IOException {
    if (slot.isPresent()) {
      slot.get().close();
    }
  }
}
