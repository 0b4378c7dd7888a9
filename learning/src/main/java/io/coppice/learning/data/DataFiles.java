package io.coppice.learning.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** Files of data sets, plain or compressed by gzip. */
final class DataFiles {

  private DataFiles() {}

  /** The file of a name, or else that with {@code .gz} behind it, if there is one. */
  static Optional<Path> find(Path directory, String name) {
    return Stream.of(name, name + ".gz")
        .map(directory::resolve)
        .filter(Files::isRegularFile)
        .findFirst();
  }

  /**
   * The files whose names match a glob, with or without {@code .gz}, in the order of their names; of a file that is there plain
   * and compressed, the plain one.
   */
  static List<Path> list(Path directory, String glob) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    TreeMap<String, Path> files = new TreeMap<>();
    for (String pattern : List.of(glob + ".gz", glob)) {
      try (var matches = Files.newDirectoryStream(directory, pattern)) {
        for (Path file : matches) {
          files.put(file.getFileName().toString().replaceFirst("\\.gz$", ""), file);
        }
      } catch (IOException e) {
        throw unreadable(directory, e);
      }
    }
    return List.copyOf(files.values());
  }

  /** The content of a file, decompressed if it begins as gzip does, whatever its name. */
  static InputStream open(Path file) throws IOException {
    BufferedInputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    try {
      raw.mark(2);
      byte[] magic = raw.readNBytes(2);
      raw.reset();
      boolean gzip = magic.length == 2 && magic[0] == 0x1f && (magic[1] & 0xff) == 0x8b;
      return gzip ? new GZIPInputStream(raw, 1 << 16) : raw;
    } catch (IOException e) {
      raw.close();
      throw e;
    }
  }

  static DataFormatException unreadable(Path file, IOException e) {
    return e instanceof NoSuchFileException
        ? new DataFormatException("There is no file " + file + ".", e)
        : new DataFormatException(file + " cannot be read: " + e.getMessage() + ".", e);
  }
}
