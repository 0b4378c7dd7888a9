package io.coppice.audit.bundle;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A bundle in the making: beside its place, under a name that says that it is not complete, then moved. What an export that was
 * killed has left there is removed by the next one.
 */
final class PartDirectory implements AutoCloseable {

  /** What a bundle consists of; nothing else is ever removed. */
  private static final Pattern OURS =
      Pattern.compile("[a-z]+-\\d+\\.avro|" + Pattern.quote(BundleManifest.FILE));

  private final Path place;
  private final Path part;

  private PartDirectory(Path place, Path part) {
    this.place = place;
    this.part = part;
  }

  /**
   * Makes the directory.
   *
   * @param place where the bundle is to be
   * @throws BundleFormatException if there is something at its place, or something that is no bundle's where it is made
   * @throws IOException if it cannot be made
   */
  static PartDirectory create(Path place) throws IOException {
    if (Files.exists(place) && (!Files.isDirectory(place) || !names(place).isEmpty())) {
      throw new BundleFormatException(
          place
              + (Files.isDirectory(place) ? " is not empty" : " is no directory")
              + ": a bundle needs a directory that is new or empty.");
    }
    Path absolute = place.toAbsolutePath().normalize();
    Path part = absolute.resolveSibling(absolute.getFileName() + ".part");
    PartDirectory made = new PartDirectory(absolute, part);
    if (Files.exists(part)) {
      made.removeLeftover();
    }
    Files.createDirectories(part);
    return made;
  }

  private void removeLeftover() throws IOException {
    if (!Files.isDirectory(part)
        || !names(part).stream().allMatch(name -> OURS.matcher(name).matches())) {
      throw new BundleFormatException(
          part + " is in the way: it is not what an interrupted export leaves behind.");
    }
    remove();
  }

  private void remove() throws IOException {
    for (String name : names(part)) {
      Files.delete(part.resolve(name));
    }
    Files.delete(part);
  }

  private static List<String> names(Path directory) throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory)) {
      found.forEach(path -> names.add(path.getFileName().toString()));
    }
    return names;
  }

  Path path() {
    return part;
  }

  /** Moves the bundle to its place. */
  void complete() throws IOException {
    Files.deleteIfExists(place);
    Files.move(part, place);
  }

  /** Removes what was not completed. */
  @Override
  public void close() throws IOException {
    if (Files.exists(part)) {
      remove();
    }
  }
}
