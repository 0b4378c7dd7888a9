package io.coppice.agent;

import io.coppice.schemas.Signatures;
import io.coppice.schemas.keys.KeyFile;
import io.coppice.schemas.keys.KeyFileException;
import io.coppice.schemas.keys.PublicKeys;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.Optional;

/**
 * The key that an agent signs with.
 *
 * @param pair Ed25519
 * @param file where it is kept; empty if it ends with this process
 */
public record AgentKey(KeyPair pair, Optional<Path> file) {

  /** A key that nobody keeps. */
  public static AgentKey inMemory(KeyPair pair) {
    return new AgentKey(pair, Optional.empty());
  }

  /**
   * A key in a file.
   *
   * @throws KeyFileException if it cannot be read
   */
  public static AgentKey of(KeyFile file) {
    return new AgentKey(file.read(), Optional.of(file.path()));
  }

  /** The public key as the log has it. */
  public ByteBuffer publicKey() {
    return Signatures.encode(pair.getPublic());
  }

  /** SHA-256 of the public key in hexadecimal digits. */
  public String fingerprint() {
    return PublicKeys.fingerprint(pair.getPublic());
  }

  /** Where it is, for messages. */
  String place() {
    return file.map(Path::toString).orElse("the one in memory");
  }
}
