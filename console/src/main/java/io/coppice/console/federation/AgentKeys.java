package io.coppice.console.federation;

import io.coppice.agent.AgentKey;
import io.coppice.console.UserError;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.keys.KeyFile;
import io.coppice.schemas.keys.KeyFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The keys of the agents that run in this process: a PEM file for each in a directory beside the log, so that a run that is gone on
 * with knows its agents again.
 */
public final class AgentKeys {

  private static final String NAME = "keys";

  private final Path directory;

  private AgentKeys(Path directory) {
    this.directory = directory;
  }

  /**
   * The keys in the directory of a demo or a comparison; nothing is looked at yet.
   *
   * @param of the demo or comparison
   */
  public static AgentKeys below(Path of) {
    return new AgentKeys(of.resolve(NAME));
  }

  /**
   * An agent's key; one that is not there yet is created.
   *
   * @throws UserError if its file cannot be read or written
   */
  public AgentKey of(String agentId) {
    Path file = file(agentId);
    try {
      if (!Files.exists(file)) {
        Files.createDirectories(directory);
        return new AgentKey(KeyFile.create(file), Optional.of(file));
      }
      return AgentKey.of(KeyFile.pem(file));
    } catch (KeyFileException e) {
      throw UserError.badInput(e.getMessage(), e);
    } catch (IOException e) {
      throw UserError.failed(directory + " cannot be created: " + e.getMessage() + ".", e);
    }
  }

  /**
   * Makes sure that agents have the keys that a run trusts them with.
   *
   * @param agentIds of agents that start here, which are all trusted
   * @throws UserError naming the first that has no key yet, or another one
   */
  public void checkTrusted(List<TrustedKey> trusted, List<String> agentIds) {
    for (TrustedKey entry : trusted) {
      if (!agentIds.contains(entry.getAgentId())) {
        continue;
      }
      Path file = file(entry.getAgentId());
      if (!Files.exists(file)) {
        throw UserError.badInput(
            String.format(
                "--trusted-keys: The key of agent %s, which starts here, is not in %s: put it there, or have keys"
                    + " made and trusted with --trust.",
                entry.getAgentId(), file));
      }
      if (!of(entry.getAgentId()).publicKey().equals(entry.getPublicKey())) {
        throw UserError.badInput(
            String.format(
                "--trusted-keys: Agent %s, which starts here, has another key in %s than the list names.",
                entry.getAgentId(), file));
      }
    }
  }

  private Path file(String agentId) {
    return directory.resolve(agentId + ".pem");
  }
}
