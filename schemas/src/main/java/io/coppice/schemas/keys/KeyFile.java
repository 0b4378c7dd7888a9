package io.coppice.schemas.keys;

import io.coppice.schemas.Signatures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A file with one Ed25519 key pair: PEM as {@code openssl genpkey -algorithm ed25519} writes it, or PKCS#12 as {@code keytool
 * -genkeypair -keyalg Ed25519} does. Which of the two it is shows in its first bytes.
 *
 * @param path of the file
 * @param password of a PKCS#12 file; PEM files have none
 * @param alias of the key in a PKCS#12 file; empty where it holds only one
 */
public record KeyFile(Path path, Optional<String> password, Optional<String> alias) {

  /** More than any file with one key and its certificates has. */
  private static final int MAX_BYTES = 1 << 20;

  /** First byte of every DER encoding of a structure, and so of PKCS#12. */
  private static final int DER_SEQUENCE = 0x30;

  /** A file in PEM. */
  public static KeyFile pem(Path path) {
    return new KeyFile(path, Optional.empty(), Optional.empty());
  }

  /**
   * Reads the key pair.
   *
   * @throws KeyFileException if the file is missing or not readable, holds no Ed25519 private key or more than one, holds a public
   *     key that does not belong to it, or if password or alias are not its own
   */
  public KeyPair read() {
    byte[] content = content();
    return isPkcs12(content) ? pkcs12().read(content) : new PemFile(path, content).keyPair();
  }

  /**
   * Reads the public key alone; a PEM file may hold no other.
   *
   * @throws KeyFileException as {@link #read}
   */
  public PublicKey readPublic() {
    byte[] content = content();
    return isPkcs12(content)
        ? pkcs12().read(content).getPublic()
        : new PemFile(path, content).publicKey();
  }

  /**
   * The password in the first line of a file: so it stands neither on a command line nor in an environment.
   *
   * @throws KeyFileException if the file cannot be read
   */
  public static String passwordIn(Path file) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.findFirst().orElse("");
    } catch (NoSuchFileException e) {
      throw new KeyFileException("There is no file " + file + ".", e);
    } catch (IOException e) {
      throw new KeyFileException(file + " cannot be read: " + reason(e) + ".", e);
    } catch (UncheckedIOException e) {
      throw new KeyFileException(file + " cannot be read: " + reason(e.getCause()) + ".", e);
    }
  }

  /**
   * Makes a new key pair and writes it in PEM, readable by the owner only where the file system knows owners. The file is there
   * whole or not at all, and never takes another one's place.
   *
   * @throws KeyFileException if it cannot be written, or is there already
   */
  public static KeyPair create(Path path) {
    KeyPair pair = Signatures.newKeyPair();
    Path directory = path.toAbsolutePath().getParent();
    try {
      if (Files.exists(path)) {
        throw new FileAlreadyExistsException(path.toString());
      }
      if (directory == null || !Files.isDirectory(directory)) {
        throw new KeyFileException(
            path + " cannot be written: there is no directory " + directory + ".");
      }
      // Temporary files are their owner's alone from the first moment on.
      Path part = Files.createTempFile(directory, "key", ".part");
      try {
        Files.write(part, PemFile.of(pair));
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
        publish(part, path);
      } finally {
        Files.deleteIfExists(part);
      }
      return pair;
    } catch (FileAlreadyExistsException e) {
      throw new KeyFileException(
          path + " exists already: a key is never overwritten, so choose another name.", e);
    } catch (IOException e) {
      throw new KeyFileException(path + " cannot be written: " + reason(e) + ".", e);
    }
  }

  /** A link is refused where the name is taken, and so two who create the same file at once do not end up with one key each. */
  private static void publish(Path part, Path path) throws IOException {
    try {
      Files.createLink(path, part);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      Files.move(part, path); // the file system has no links
    }
  }

  private byte[] content() {
    if (!Files.exists(path)) {
      throw new KeyFileException("There is no key file " + path + ".");
    }
    if (Files.isDirectory(path)) {
      throw new KeyFileException(path + " is a directory, not a key file.");
    }
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw new KeyFileException(path + " is no key file: it is larger than 1 MiB.");
      }
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new KeyFileException(path + " cannot be read: " + reason(e) + ".", e);
    }
  }

  private static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "no permission";
    }
    return e instanceof FileSystemException f && f.getReason() != null
        ? f.getReason()
        : String.valueOf(e.getMessage());
  }

  private static boolean isPkcs12(byte[] content) {
    return content.length > 0 && content[0] == DER_SEQUENCE;
  }

  private Pkcs12File pkcs12() {
    return new Pkcs12File(path, password, alias);
  }
}
