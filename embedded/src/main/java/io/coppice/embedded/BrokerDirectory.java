package io.coppice.embedded;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.metadata.bootstrap.BootstrapDirectory;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * The directory of an embedded broker: locked while the broker runs, formatted once, and refused if another version of Kafka
 * has written it.
 *
 * <p>Kafka has a lock of its own, but a combined broker and controller takes it only after it has opened the metadata log;
 * hence ours, taken before Kafka touches anything.
 */
final class BrokerDirectory implements AutoCloseable {

  private static final String LOCK_FILE = "embedded-broker.lock";
  private static final String FORMATTED_FILE = "meta.properties";

  private final Path path;
  private final FileChannel lockFile;

  private BrokerDirectory(Path path, FileChannel lockFile) {
    this.path = path;
    this.lockFile = lockFile;
  }

  /**
   * Creates the directory where it is missing, locks it, and formats it where it is new.
   *
   * @throws EmbeddedClusterException if it cannot be written, is in use, or was written by another version of Kafka
   */
  static BrokerDirectory open(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    BrokerDirectory directory = new BrokerDirectory(absolute, lock(absolute));
    try {
      if (Files.exists(absolute.resolve(FORMATTED_FILE))) {
        directory.checkVersion();
      } else {
        directory.format();
      }
      return directory;
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  private static FileChannel lock(Path path) {
    FileChannel channel;
    try {
      Files.createDirectories(path);
      channel =
          FileChannel.open(
              path.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw unusable(path, e);
    }
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // Held by this very process: the same answer as for any other.
    } catch (IOException e) {
      closeQuietly(channel);
      throw unusable(path, e);
    }
    closeQuietly(channel);
    throw new EmbeddedClusterException(
        "The directory "
            + path
            + " is in use by another running broker: stop it, or choose another directory.");
  }

  private void format() {
    try (PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
      new Formatter()
          .setPrintStream(nowhere)
          .setNodeId(BrokerSettings.NODE_ID)
          .setClusterId(Uuid.randomUuid().toString())
          .addDirectory(path.toString())
          .setMetadataLogDirectory(path.toString())
          .setControllerListenerName(BrokerSettings.CONTROLLER_LISTENER)
          .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
          // A static voter is read from the configuration at every start, so its port may change.
          .setHasDynamicQuorum(false)
          .setIgnoreFormatted(true)
          .run();
    } catch (Exception e) {
      throw unusable(path, e);
    }
  }

  private void checkVersion() {
    short written;
    try {
      written =
          new BootstrapDirectory(path.toString()).read().featureLevel(MetadataVersion.FEATURE_NAME);
    } catch (Exception e) {
      throw new EmbeddedClusterException(
          "The directory " + path + " does not hold a readable broker: " + e.getMessage(), e);
    }
    if (written < MetadataVersion.MINIMUM_VERSION.featureLevel()
        || written > MetadataVersion.LATEST_PRODUCTION.featureLevel()) {
      throw new EmbeddedClusterException(
          String.format(
              "The directory %s was written by another version of Kafka (metadata level %d, but levels %d to %d are understood):"
                  + " open it with that version, or choose another directory.",
              path,
              written,
              MetadataVersion.MINIMUM_VERSION.featureLevel(),
              MetadataVersion.LATEST_PRODUCTION.featureLevel()));
    }
  }

  Path path() {
    return path;
  }

  /** Gives the lock back. */
  @Override
  public void close() {
    closeQuietly(lockFile);
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // A lock file that cannot be closed is released by the system when the process ends.
    }
  }

  private static EmbeddedClusterException unusable(Path path, Exception e) {
    return new EmbeddedClusterException(
        "The directory "
            + path
            + " cannot be used for the broker ("
            + e.getClass().getSimpleName()
            + ": "
            + e.getMessage()
            + "): choose one that can be written.",
        e);
  }
}
