package io.coppice.agent;

import io.coppice.schemas.Signatures;
import io.coppice.schemas.keys.KeyFile;
import io.coppice.schemas.keys.KeyFileException;
import io.coppice.service.StartException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The agent's key as its settings have it. */
final class KeySettings {

  private static final Logger LOG = LoggerFactory.getLogger(KeySettings.class);

  private KeySettings() {}

  /**
   * Reads the key; a PEM file that is not there yet is created.
   *
   * @return empty if the agent does not sign
   * @throws StartException naming the setting that is not as it should be
   */
  static Optional<AgentKey> key(AgentSettings settings, AgentPlace place) {
    checkTogether(settings);
    if (!settings.isSigned()) {
      return Optional.empty();
    }
    Optional<Path> found = place.keyFile(settings);
    if (found.isEmpty()) {
      LOG.warn(
          "agent {} has a new key in memory: after a restart it cannot come back to its run under this id"
              + " (coppice.agent.key-file keeps the key)",
          place.agentId());
      return Optional.of(AgentKey.inMemory(Signatures.newKeyPair()));
    }
    Path file = found.get();
    try {
      Optional<String> password = password(settings);
      if (!Files.exists(file) && password.isEmpty() && !isNamedPkcs12(file)) {
        AgentKey created = new AgentKey(KeyFile.create(file), Optional.of(file));
        LOG.info(
            "agent {} has a new key in {}, fingerprint {}",
            place.agentId(),
            file,
            created.fingerprint());
        return Optional.of(created);
      }
      AgentKey read =
          AgentKey.of(new KeyFile(file, password, Optional.ofNullable(settings.getKeyAlias())));
      LOG.info(
          "agent {} signs with the key in {}, fingerprint {}",
          place.agentId(),
          file,
          read.fingerprint());
      return Optional.of(read);
    } catch (KeyFileException e) {
      throw new StartException("coppice.agent.key-file: " + e.getMessage(), e);
    }
  }

  private static void checkTogether(AgentSettings settings) {
    if (!settings.isSigned() && settings.getKeyFile() != null) {
      throw new StartException(
          "coppice.agent.key-file is of no use with coppice.agent.signed=false: leave one of them out.",
          null);
    }
    if (settings.getKeyFile() != null && settings.getKeyFile().isBlank()) {
      throw new StartException("coppice.agent.key-file names no file.", null);
    }
    if (settings.getKeyPassword() != null && settings.getKeyPasswordFile() != null) {
      throw new StartException(
          "The password is given by coppice.agent.key-password or by coppice.agent.key-password-file, not by"
              + " both.",
          null);
    }
  }

  private static Optional<String> password(AgentSettings settings) {
    if (settings.getKeyPasswordFile() == null) {
      return Optional.ofNullable(settings.getKeyPassword());
    }
    try {
      return Optional.of(KeyFile.passwordIn(Path.of(settings.getKeyPasswordFile())));
    } catch (KeyFileException e) {
      throw new StartException("coppice.agent.key-password-file: " + e.getMessage(), e);
    }
  }

  /** Such a file is made by other programs: its absence is a mistake. */
  private static boolean isNamedPkcs12(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".p12") || name.endsWith(".pfx");
  }
}
