package io.coppice.agent;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * One of a fixed number of places for agents that share a directory: replicas with the same settings take one each, and with it a
 * name, a part of the data and a key of their own. A slot is held by a lock on a file, which the operating system releases when the
 * process ends, however it ends; so a successor takes the slot over and is the same agent.
 *
 * <p>The locks are those of {@code fcntl}: they hold between containers that share a volume of one machine, and over network file
 * systems as far as these know locks.
 */
final class AgentSlot implements AutoCloseable {

  private static final String LOCK = "lock";

  private final int number;
  private final Path directory;
  private final FileChannel lock;

  private AgentSlot(int number, Path directory, FileChannel lock) {
    this.number = number;
    this.directory = directory;
    this.lock = lock;
  }

  /**
   * Takes the lowest slot that is free.
   *
   * @param slots the directory of all slots; created if it is missing
   * @param count slots that there are, at least 1
   * @return empty if all are taken
   * @throws IOException if the directory cannot be written
   */
  static Optional<AgentSlot> takeLowest(Path slots, int count) throws IOException {
    for (int number = 0; number < count; number++) {
      Path directory = Files.createDirectories(slots.resolve(name(number)));
      Optional<FileChannel> lock = lock(directory.resolve(LOCK));
      if (lock.isPresent()) {
        return Optional.of(new AgentSlot(number, directory, lock.get()));
      }
    }
    return Optional.empty();
  }

  /** Its channel is to stay open: closing any channel of the file would release the lock. */
  private static Optional<FileChannel> lock(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return Optional.of(channel);
      }
    } catch (OverlappingFileLockException e) {
      // Held by this very process, which is as good as held by another one.
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    return Optional.empty();
  }

  /** The slot's number, from 0. */
  int number() {
    return number;
  }

  /** The number as it stands in names: at least two digits. */
  String name() {
    return name(number);
  }

  private static String name(int number) {
    return String.format("%02d", number);
  }

  /** What belongs to the slot, and stays when its holder goes. */
  Path directory() {
    return directory;
  }

  /** Gives the slot back. */
  @Override
  public void close() throws IOException {
    lock.close();
  }
}
